package mcpserver

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

type driftArgs struct {
	pageArgs

	StackID string           `json:"stack_id,omitempty" jsonschema:"only reports about this stack"`
	Kind    aegis.DriftKind  `json:"kind,omitempty" jsonschema:"changed, deleted or unmanaged"`
	State   aegis.DriftState `json:"state,omitempty" jsonschema:"open, corrected, adopted, reported or superseded"`
}

// addEstate offers what there is and how it drifts.
func (s *server) addEstate() {
	listed(s, tool{
		name: "list_stacks", title: "List stacks",
		description: "Lists the stacks of the estate: a layer in one region each, with state, resource count and when it was last reconciled.",
	}, s.api.Stacks)
	byID(s, tool{
		name: "get_stack", title: "Read a stack",
		description: "Reads one stack and the spec that is applied: its parameters are all that goals can change.",
	}, s.api.Stack)
	byID(s, tool{
		name: "get_stack_drift", title: "Read what drifts in a stack",
		description: "Reads what the newest look at a stack saw: clean, drifted with the attributes, or unknown with the error.",
	}, s.api.StackDrift)
	add(s, tool{
		name: "list_drift_reports", title: "List drift reports",
		description: "Lists drift: what changed outside the autopilot, who did it, and what was done about it.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in driftArgs) (client.List[aegis.DriftReport], error) {
		return s.api.DriftReports(ctx, aegis.DriftFilter{StackID: in.StackID, Kind: in.Kind, State: in.State}, in.page())
	})
	byID(s, tool{
		name: "get_drift_report", title: "Read a drift report",
		description: "Reads one drift report: cause, actor, each attribute before and after, and the change set that corrected it.",
	}, s.api.DriftReport)
	byID(s, tool{
		name: "look_at_stack", title: "Look at a stack now", effect: steers,
		description: "Has a stack compared with the account now instead of at the next sweep. Read the result with get_stack_drift.",
	}, s.api.ReconcileStack)
}
