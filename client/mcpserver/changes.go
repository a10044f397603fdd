package mcpserver

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

type changeArgs struct {
	pageArgs

	State   aegis.PromotionState `json:"state,omitempty" jsonschema:"proposed, canary, applying, rolling_back, promoted, denied, rolled_back, failed or cancelled"`
	StackID string               `json:"stack_id,omitempty" jsonschema:"only changes of this stack"`
	GoalID  string               `json:"goal_id,omitempty" jsonschema:"only changes for this goal"`
	Source  aegis.Source         `json:"source,omitempty" jsonschema:"who proposes: goal, drift, bootstrap, operator and others"`
}

// addChanges offers change sets and their traces.
func (s *server) addChanges() {
	add(s, tool{
		name: "list_change_sets", title: "List change sets",
		description: "Lists change sets, newest first: every change of the estate, with its diff, risk, cost and where it stands.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in changeArgs) (client.List[aegis.AutonomousChangeSet], error) {
		return s.api.ChangeSets(ctx, aegis.ChangeSetFilter{State: in.State, StackID: in.StackID, GoalID: in.GoalID, Source: in.Source}, in.page())
	})
	byID(s, tool{
		name: "get_change_set", title: "Read a change set",
		description: "Reads one change set: target, diff with secrets masked, risk factors, cost, denials of policy, canary result and state.",
	}, s.api.ChangeSet)
	byID(s, tool{
		name: "get_trace", title: "Read a trace",
		description: "Reads what a task did, step by step, with times and cost. Change sets and goals name their trace_id.",
	}, s.api.Trace)
	byID(s, tool{
		name: "cancel_change_set", title: "Cancel a change set", effect: steers,
		description: "Stops a change set that was not applied yet.",
	}, s.api.CancelChangeSet)
	byID(s, tool{
		name: "roll_back_change_set", title: "Roll a change set back", effect: steers,
		description: "Proposes the inverse of a promoted change set as a new one, which policy judges as any other.",
	}, s.api.RollbackChangeSet)
}
