package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) decisionRoutes() {
	handle(s, huma.Operation{
		OperationID: "list-decisions", Method: http.MethodGet, Path: "/v1/policies/decisions", Tags: []string{"policy"},
		Summary: "List the policy decisions that match all filters, without their inputs",
	}, func(ctx context.Context, in *decisionQuery) (*listOutput[aegis.Decision], error) {
		return listOf(s.Decisions.Decisions(ctx, in.filter(), in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-decision", Method: http.MethodGet, Path: "/v1/policies/decisions/{decision_id}", Tags: []string{"policy"},
		Summary: "Read a policy decision with its input and the rules that fired",
		Description: "The rules' documentation is that of the bundle which runs now. With trace=true, which is not for agents, the " +
			"recorded input is judged again by the bundle of that time, or else by the running one, and OPA's trace is answered.",
	}, s.explainDecision)
}

type decisionQuery struct {
	PageQuery

	StackID        string    `query:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
	ChangeSetID    string    `query:"change_set_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	Rule           string    `query:"rule" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$" doc:"Code of a rule that denied or warned"`
	Outcome        string    `query:"outcome" enum:"allowed,denied,error" doc:"error: denied because policy gave no answer"`
	Path           string    `query:"path" maxLength:"128" pattern:"^[A-Za-z0-9._/-]+$" doc:"Such as aegis/gate or aegis/meta"`
	BundleRevision string    `query:"bundle_revision" maxLength:"256" pattern:"^[ -~]+$"`
	Since          time.Time `query:"since" doc:"The first moment"`
	Until          time.Time `query:"until" doc:"The first moment after"`
	Shadow         bool      `query:"shadow" doc:"Also what shadow bundles decided, which decides nothing"`
}

func (q decisionQuery) filter() aegis.DecisionFilter {
	return aegis.DecisionFilter{
		StackID: q.StackID, ChangeSetID: q.ChangeSetID, Rule: q.Rule, Outcome: aegis.DecisionOutcome(q.Outcome), Path: q.Path,
		BundleRevision: q.BundleRevision, Since: q.Since, Until: q.Until, Shadow: q.Shadow,
	}
}

type decisionPath struct {
	DecisionID string `path:"decision_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	Trace      bool   `query:"trace" doc:"Also judge the recorded input again, and tell how"`
}

func (s *server) explainDecision(ctx context.Context, in *decisionPath) (*itemOutput[aegis.DecisionExplanation], error) {
	if s.Explainer == nil {
		return nil, fmt.Errorf("explain decisions: %w", aegis.ErrNotImplemented)
	}
	if in.Trace && principal(ctx).Role == aegis.RoleAgent {
		return nil, fmt.Errorf("a trace shows the policies' text, which is not for agents: %w", aegis.ErrForbidden)
	}
	d, err := s.Decisions.Decision(ctx, in.DecisionID)
	if err != nil {
		return nil, err
	}
	return itemOf(s.Explainer.Explain(ctx, d, in.Trace))
}
