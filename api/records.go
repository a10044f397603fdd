package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

// recordRoutes are what was decided and done.
func (s *server) recordRoutes() {
	handle(s, huma.Operation{
		OperationID: "list-decisions", Method: http.MethodGet, Path: "/v1/policies/decisions", Tags: []string{"policy"},
		Summary: "List policy decisions",
	}, func(ctx context.Context, in *decisionQuery) (*listOutput[aegis.Decision], error) {
		return listOf(s.Decisions.Decisions(ctx, in.filter(), in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-decision", Method: http.MethodGet, Path: "/v1/policies/decisions/{decision_id}", Tags: []string{"policy"},
		Summary: "Read a policy decision with its input",
	}, func(ctx context.Context, in *decisionPath) (*itemOutput[aegis.Decision], error) {
		return itemOf(s.Decisions.Decision(ctx, in.DecisionID))
	})
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

type decisionQuery struct {
	PageQuery

	StackID string `query:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
	Shadow  bool   `query:"shadow" doc:"Also what shadow bundles decided, which decides nothing"`
}

func (q decisionQuery) filter() aegis.DecisionFilter {
	return aegis.DecisionFilter{StackID: q.StackID, Shadow: q.Shadow}
}

type decisionPath struct {
	DecisionID string `path:"decision_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

type tracePath struct {
	TraceID string `path:"trace_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}
