package mcpserver

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// Bounds of waiting for a goal.
const (
	usualWait   = 2 * time.Minute
	longestWait = 10 * time.Minute
)

type goalArgs struct {
	Intent        string              `json:"intent" jsonschema:"what to reach, in words, such as: scale the runtime in eu-west-1 to 4 nodes"`
	Constraints   []string            `json:"constraints,omitempty" jsonschema:"what must hold, such as: only eu-west-1"`
	USDMonth      *float64            `json:"usd_month,omitempty" jsonschema:"the most by which monthly cost may rise, in US dollars"`
	Deadline      *time.Time          `json:"deadline,omitempty" jsonschema:"when it must be reached, RFC 3339"`
	RiskTolerance aegis.RiskTolerance `json:"risk_tolerance,omitempty" jsonschema:"low, medium or high"`
	Domains       []string            `json:"domains,omitempty" jsonschema:"the layers that it is about, such as runtime; all without them"`
}

type waitArgs struct {
	ID      string `json:"id" jsonschema:"the goal's id"`
	Seconds int    `json:"seconds,omitempty" jsonschema:"how long to wait at most, 1 to 600; 120 when left out"`
}

// goalResult is a goal and its change sets.
type goalResult struct {
	Goal       aegis.Goal                  `json:"goal"`
	ChangeSets []aegis.AutonomousChangeSet `json:"change_sets"`
	// Ended says that neither will change again.
	Ended bool `json:"ended"`
}

// spec is the goal that is asked for.
func (in goalArgs) spec() aegis.GoalSpec {
	spec := aegis.GoalSpec{
		Intent: in.Intent, Constraints: in.Constraints, Deadline: in.Deadline, RiskTolerance: in.RiskTolerance, Domains: in.Domains,
	}
	if in.USDMonth != nil {
		spec.Budget = &aegis.Budget{USDMonth: in.USDMonth}
	}
	return spec
}

// addGoals offers the way to ask for changes.
func (s *server) addGoals() {
	add(s, tool{
		name: "list_intents", title: "List what goals can ask for",
		description: "Lists what the planner understands, with examples. Phrase an intent after them.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (client.List[client.Intent], error) {
		return s.api.Intents(ctx)
	})
	listed(s, tool{name: "list_goals", title: "List goals", description: "Lists goals, newest first."}, s.api.Goals)
	byID(s, tool{
		name: "get_goal", title: "Read a goal",
		description: "Reads a goal: how it was understood, its state, why it failed or was denied, and its change sets.",
	}, s.result)
	add(s, tool{
		name: "submit_goal", title: "Submit a goal", effect: asks,
		description: "Asks for a change of the estate. It is planned, judged by policy, tried, applied and verified without another question. Follow it with wait_for_goal.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in goalArgs) (aegis.Goal, error) {
		if s.role == aegis.RoleAgent {
			return s.api.ExecuteAgent(ctx, s.name, in.spec())
		}
		return s.api.CreateGoal(ctx, in.spec())
	})
	add(s, tool{
		name: "preview_goal", title: "Preview a goal", effect: tries,
		description: "Says what a goal would come to, and changes nothing: the ways that were weighed, the tasks, the engines' plans, cost, risk, and what policy says of them.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in goalArgs) (aegis.GoalPreview, error) {
		return s.api.PreviewGoal(ctx, in.spec())
	})
	add(s, tool{
		name: "wait_for_goal", title: "Wait for a goal",
		description: "Follows a goal until it ended or the time is up, telling of progress, and reads it. Call it again when ended is false.",
	}, s.wait)
	byID(s, tool{
		name: "cancel_goal", title: "Cancel a goal", effect: submits,
		description: "Stops pursuing a goal, and its change sets that were not applied yet.",
	}, s.api.CancelGoal)
}

func (s *server) result(ctx context.Context, id string) (goalResult, error) {
	goal, err := s.api.Goal(ctx, id)
	if err != nil {
		return goalResult{}, err
	}
	result := goalResult{Goal: goal, ChangeSets: []aegis.AutonomousChangeSet{}, Ended: goal.State.Terminal()}
	for _, id := range goal.ChangeSetIDs {
		cs, err := s.api.ChangeSet(ctx, id)
		if err != nil {
			return goalResult{}, err
		}
		result.ChangeSets = append(result.ChangeSets, cs)
	}
	return result, nil
}

// wait follows a goal. Events only say that there is something new.
func (s *server) wait(ctx context.Context, req *mcp.CallToolRequest, in waitArgs) (goalResult, error) {
	bound := usualWait
	if in.Seconds > 0 {
		bound = min(time.Duration(in.Seconds)*time.Second, longestWait)
	}
	within, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var told float64
	err := s.api.FollowGoal(within, in.ID, func(e aegis.Event) error {
		told++
		tell(ctx, req, told, e)
		state, ok := strings.CutPrefix(e.Type, "goal.")
		if ok && aegis.GoalState(state).Terminal() {
			return client.ErrStop
		}
		return nil
	})
	if err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
		return goalResult{}, err
	}
	return s.result(ctx, in.ID)
}

// tell reports progress to a caller that asked for it.
func tell(ctx context.Context, req *mcp.CallToolRequest, count float64, e aegis.Event) {
	token := req.Params.GetProgressToken()
	if token == nil {
		return
	}
	_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ // who has gone needs no progress
		ProgressToken: token, Progress: count, Message: e.Type + " " + e.ID,
	})
}
