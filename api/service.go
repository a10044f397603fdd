package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// serviceRoutes are for machines that run the API.
func (s *server) serviceRoutes() {
	s.engine.GET("/healthz", func(g *gin.Context) { g.JSON(http.StatusOK, gin.H{"status": "ok", "version": s.Version}) })
	s.engine.GET("/readyz", s.ready)
	s.engine.GET("/openapi.json", func(g *gin.Context) { g.Data(http.StatusOK, "application/openapi+json", s.spec) })
	s.engine.GET("/metrics", func(g *gin.Context) {
		if s.Metrics == nil {
			s.noRoute(g)
			return
		}
		s.Metrics.ServeHTTP(g.Writer, g.Request)
	})
}

// ready says whether the database answers at once.
func (s *server) ready(g *gin.Context) {
	ctx, cancel := context.WithTimeout(g.Request.Context(), s.Patience/10)
	defer cancel()
	if err := s.Health.Ping(ctx); err != nil {
		s.Logger.WarnContext(g.Request.Context(), "not ready", "error", err)
		g.Header("Retry-After", "1")
		s.abort(g, newProblem(http.StatusServiceUnavailable, "unavailable", "the database does not answer"))
		return
	}
	g.JSON(http.StatusOK, gin.H{"status": "ok"})
}

// describe renders the OpenAPI document, once. It holds what this package
// registered, so an error is a mistake in it.
func (s *server) describe() []byte {
	schemas := s.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own error: ours is Problem
	delete(schemas, "ErrorDetail")
	for name, schema := range schemas {
		if !strings.Contains(name, "Request") && name != "Nothing" {
			schema.AdditionalProperties = nil // answers may gain fields
			for _, p := range schema.Properties {
				p.Nullable = p.Nullable && p.Type != huma.TypeArray // see filled
			}
		}
	}
	spec, err := json.MarshalIndent(s.huma.OpenAPI(), "", "  ")
	if err != nil {
		panic(err)
	}
	return append(spec, '\n')
}

func problemType() reflect.Type { return reflect.TypeFor[Problem]() }
