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
		"GET /v1/incidents", "GET /v1/incidents/{incident_id}", "POST /v1/findings",
	} {
		method, path, _ := strings.Cut(route, " ")
		s.engine.Handle(method, ginPath(path), s.notImplemented)
		s.huma.OpenAPI().AddOperation(&huma.Operation{
			OperationID: operationID(method, path), Method: method, Path: path, Tags: []string{"later"},
			Summary:    "Not offered by this version",
			Parameters: pathParameters(path),
			Responses: map[string]*huma.Response{
				"501": problemResponse(s.huma.OpenAPI().Components.Schemas),
			},
		})
	}
}

func (s *server) notImplemented(g *gin.Context) {
	s.abort(g, problemOf(fmt.Errorf("%s %s: %w in version %s", g.Request.Method, g.FullPath(), aegis.ErrNotImplemented, s.Version)))
}

func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

func operationID(method, path string) string {
	return strings.ToLower(method) + "-" + strings.Trim(strings.NewReplacer("/v1/", "", "/", "-", "{", "", "}", "", "_", "-").Replace(path), "-")
}

func pathParameters(path string) []*huma.Param {
	var out []*huma.Param
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			out = append(out, &huma.Param{
				Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
			})
		}
	}
	return out
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
