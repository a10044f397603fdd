package mcpserver

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

type decisionArgs struct {
	pageArgs

	StackID     string                `json:"stack_id,omitempty" jsonschema:"only decisions about this stack"`
	ChangeSetID string                `json:"change_set_id,omitempty" jsonschema:"only decisions about this change set"`
	Rule        string                `json:"rule,omitempty" jsonschema:"only decisions in which the rule of this code denied or warned"`
	Outcome     aegis.DecisionOutcome `json:"outcome,omitempty" jsonschema:"allowed, denied or error"`
}

type decisionID struct {
	ID    string `json:"id" jsonschema:"the decision's id; change sets name theirs as decision_id"`
	Trace bool   `json:"trace,omitempty" jsonschema:"with how each rule came to its answer"`
}

type simulateArgs struct {
	Intent  string            `json:"intent,omitempty" jsonschema:"a goal's intent; it is planned and previewed, and never proposed"`
	Modules map[string]string `json:"modules,omitempty" jsonschema:"Rego sources by path, added to the running bundle"`
	Data    map[string]any    `json:"data,omitempty" jsonschema:"a data document, added to the running bundle's"`
	Since   string            `json:"since,omitempty" jsonschema:"judge recorded decisions anew, as far back as this duration, such as 720h"`
	Live    bool              `json:"live,omitempty" jsonschema:"judge what every stack has now"`
}

// addPolicy offers decisions, and what policy would decide.
func (s *server) addPolicy() {
	add(s, tool{
		name: "list_decisions", title: "List policy decisions",
		description: "Lists what policy decided, newest first, with the codes of the rules that denied or warned.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in decisionArgs) (client.List[aegis.Decision], error) {
		return s.api.Decisions(ctx, aegis.DecisionFilter{
			StackID: in.StackID, ChangeSetID: in.ChangeSetID, Rule: in.Rule, Outcome: in.Outcome,
		}, in.page())
	})
	add(s, tool{
		name: "explain_decision", title: "Explain a policy decision",
		description: "Reads one decision and why: the rules that fired, in which file and line, and the values that they saw.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in decisionID) (aegis.DecisionExplanation, error) {
		return s.api.Decision(ctx, in.ID, in.Trace)
	})
	listed(s, tool{
		name: "list_policy_bundles", title: "List policy bundles",
		description: "Lists the policy bundles that run or ran, newest first.",
	}, s.api.Bundles)
	add(s, tool{
		name: "simulate", title: "Simulate policy", effect: simulates,
		description: "Says what would be decided, and changes nothing: of a goal that is not submitted, or of rules that are not shipped.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in simulateArgs) (aegis.Simulation, error) {
		request := aegis.SimulationRequest{Modules: in.Modules, Data: in.Data, Since: in.Since, Live: in.Live}
		if in.Intent != "" {
			request.Goal = &aegis.GoalSpec{Intent: in.Intent}
		}
		return s.api.Simulate(ctx, request)
	})
	add(s, tool{
		name: "list_limits", title: "List budgets and breakers",
		description: "Lists what bounds changes now: budgets with what is taken of them, and open breakers with their reason.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (limits, error) { return s.limits(ctx) })
}

type limits struct {
	Budgets  []aegis.BudgetAccount `json:"budgets"`
	Breakers []aegis.Breaker       `json:"breakers"`
}

func (s *server) limits(ctx context.Context) (limits, error) {
	budgets, err := s.api.Budgets(ctx)
	if err != nil {
		return limits{}, err
	}
	breakers, err := s.api.Breakers(ctx)
	return limits{Budgets: budgets.Items, Breakers: breakers.Items}, err
}
