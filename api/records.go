package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

// recordRoutes are what was done.
func (s *server) recordRoutes() {
	handle(s, huma.Operation{
		OperationID: "list-traces", Method: http.MethodGet, Path: "/v1/traces", Tags: []string{"observability"},
		Summary: "List traces of tasks",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.TaskTrace], error) {
		return listOf(s.Traces.Traces(ctx, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-trace", Method: http.MethodGet, Path: "/v1/traces/{trace_id}", Tags: []string{"observability"},
		Summary: "Read a task's trace, step by step",
	}, func(ctx context.Context, in *tracePath) (*itemOutput[aegis.TaskTrace], error) {
		return itemOf(s.Traces.Trace(ctx, in.TraceID))
	})
}

type tracePath struct {
	TraceID string `path:"trace_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}
