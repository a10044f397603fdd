package api

import (
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/aegisworld/aegis"
)

// laterRoutes are named by the contract and not offered by this version: they
// check the caller's role and say so.
func (s *server) laterRoutes() {
	for _, route := range []string{
		"POST /v1/domain/social/projects", "POST /v1/domain/dev/pipelines", "POST /v1/domain/games/projects",
	} {
		method, path, _ := strings.Cut(route, " ")
		s.engine.Handle(method, path, s.notImplemented)
		s.huma.OpenAPI().AddOperation(&huma.Operation{
			OperationID: operationID(method, path), Method: method, Path: path, Tags: []string{"later"},
			Summary: "Not offered by this version",
			Responses: map[string]*huma.Response{
				"501": problemResponse(s.huma.OpenAPI().Components.Schemas),
			},
		})
	}
}

func (s *server) notImplemented(g *gin.Context) {
	s.abort(g, problemOf(fmt.Errorf("%s %s: %w in version %s", g.Request.Method, g.FullPath(), aegis.ErrNotImplemented, s.Version)))
}

func operationID(method, path string) string {
	return strings.ToLower(method) + "-" + strings.Trim(strings.NewReplacer("/v1/", "", "/", "-").Replace(path), "-")
}

// problemResponse describes an answer that is a problem document.
func problemResponse(r huma.Registry) *huma.Response {
	return &huma.Response{
		Description: "A problem document",
		Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: r.Schema(problemType(), true, "Problem")},
		},
	}
}
