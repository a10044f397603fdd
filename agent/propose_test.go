package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/tool"
)

// permits is what policy says of calls, and what it was asked.
type permits struct {
	mu      sync.Mutex
	most    int
	denies  error
	stacks  []string
	regions []string
	asked   []aegis.ToolInput
}

func (p *permits) PermitTool(_ context.Context, in aegis.ToolInput) (aegis.ExecutionPolicy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, in)
	most := p.most
	if most == 0 {
		most = -1
	}
	return aegis.ExecutionPolicy{
		ToolAllowances: map[string]int{in.Tool.Name: most},
		NetworkScope:   aegis.NetworkScope{Regions: p.regions}, DataScope: aegis.DataScope{StackIDs: p.stacks},
	}, p.denies
}

// broken are breakers, or why they are not known.
type broken struct {
	open []aegis.Breaker
	err  error
}

func (b *broken) Breakers(context.Context) ([]aegis.Breaker, error) { return b.open, b.err }

// proposing is a registry with the tool by which agents propose.
func proposing(t *testing.T, planner *agent.Planner, p *permits, more ...*broken) *tool.Registry {
	t.Helper()
	config := tool.Config{Tools: []tool.Tool{planner.ProposeTool()}, Permits: p, Now: planner.Now}
	for _, b := range more {
		config.Breakers = b
	}
	registry, err := tool.New(config)
	require.NoError(t, err)
	return registry
}

// shift is a world with an agent that proposes with its tool.
type shift struct {
	*world

	planner  *agent.Planner
	permits  *permits
	breakers *broken
}

func newShift(t *testing.T, tools ...string) *shift {
	t.Helper()
	s := &shift{world: priced(t), permits: &permits{}, breakers: &broken{}}
	config := s.config()
	config.Agents = people{"night": {Name: "night", Tools: tools, CreatedBy: "ana"}, "day": {Name: "day", CreatedBy: "ana"}}
	s.planner = agent.New(config)
	s.planner.Tools = proposing(t, s.planner, s.permits, s.breakers)
	return s
}

// begin has the agent begin a goal of several tasks in phases.
func (s *shift) begin(t *testing.T) (aegis.Goal, error) {
	t.Helper()
	s.goals["goal-1"] = aegis.Goal{
		GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "survive the loss of eu-west-1", RiskTolerance: aegis.RiskLow},
		State:    aegis.GoalAccepted, Submitter: "alice", Agent: "night", CreatedAt: noon,
	}
	err := s.planner.Run(t.Context(), "goal-1")
	return s.goals["goal-1"], err
}

// call calls the tool as anybody might.
func (s *shift) call(t *testing.T, by tool.Caller, task string) (changeSetID, refused string) {
	t.Helper()
	input, err := json.Marshal(map[string]string{"task_id": task})
	require.NoError(t, err)
	result, err := s.planner.Tools.Call(t.Context(), by, "propose_change_set", input)
	require.NoError(t, err)
	var said struct {
		ChangeSetID string `json:"change_set_id"`
		Refused     string `json:"refused"`
	}
	require.NoError(t, json.Unmarshal(result.Output, &said))
	return said.ChangeSetID, said.Refused
}

// Every proposal of an agent passes the registry, with what was proposed before.
func TestAgentsProposeWithATool(t *testing.T) {
	t.Parallel()
	for _, tools := range [][]string{nil, {"list_stacks", "propose_change_set"}} {
		s := newShift(t, tools...)
		_, err := s.begin(t)
		require.NoError(t, err)
		for range 5 {
			for _, cs := range s.sets {
				s.end(cs.ChangeSetID, aegis.StatePromoted)
			}
			require.NoError(t, s.planner.Settle(t.Context(), "goal-1"))
		}
		require.Equal(t, aegis.GoalSucceeded, s.goals["goal-1"].State, s.goals["goal-1"].Error)
		require.Len(t, s.sets, 5)
		require.Len(t, s.permits.asked, 5)
		calls := 0
		for _, step := range s.steps {
			calls += step.ToolCalls
		}
		require.Equal(t, 5, calls, "the trace counts them")
		for i, in := range s.permits.asked {
			require.Equal(t, i, in.Used)
			require.Equal(t, aegis.ToolProposes, in.Tool.Effect)
			require.Equal(t, aegis.ToolGoal{GoalID: "goal-1", Submitter: "alice"}, in.Goal)
			require.Equal(t, "night", in.Agent.Name)
			require.Equal(t, tools, in.Agent.Tools)
		}
	}
}

// An agent that may not propose ends its goal as denied, with the reason, and changes
// nothing more.
func TestAgentsThatMayNotPropose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tools  []string
		change func(s *shift)
		state  aegis.GoalState
		reason string
		sets   int
	}{
		"by its list": {[]string{"list_stacks"}, func(*shift) {}, aegis.GoalDenied, "propose_change_set is not among the tools of agent night", 0},
		"by policy": {
			nil, func(s *shift) { s.permits.denies = errors.New("freeze: not on Sundays") },
			aegis.GoalDenied, "policy denies propose_change_set: freeze: not on Sundays", 0,
		},
		"by a breaker": {nil, func(s *shift) {
			s.breakers.open = []aegis.Breaker{{Scope: aegis.BreakerTool, Key: "propose_change_set", Open: true, Reason: "storm"}}
		}, aegis.GoalDenied, "the breaker of propose_change_set is open: storm", 0},
		"so often":       {nil, func(s *shift) { s.permits.most = 1 }, aegis.GoalDenied, "policy allows 1 calls of propose_change_set for a goal", 1},
		"for the stacks": {nil, func(s *shift) { s.permits.stacks = []string{"dev.edge.us-east-1"} }, aegis.GoalFailed, "no proposals for stack", 0},
		"in the region":  {nil, func(s *shift) { s.permits.regions = []string{"mars-1"} }, aegis.GoalFailed, "no proposals for stack", 0},
		"by the door":    {nil, func(s *shift) { s.refuse = aegis.Invalid("patches", "stale") }, aegis.GoalFailed, "stale", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShift(t, c.tools...)
			c.change(s)
			_, err := s.begin(t)
			require.NoError(t, err)
			for _, cs := range s.sets {
				s.end(cs.ChangeSetID, aegis.StatePromoted)
			}
			require.NoError(t, s.planner.Settle(t.Context(), "goal-1"))
			goal := s.goals["goal-1"]
			require.Equal(t, c.state, goal.State)
			require.Contains(t, goal.Error, c.reason)
			require.Len(t, s.sets, c.sets)
		})
	}
}

// What may be otherwise in a while is tried again.
func TestProposalsAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := newShift(t)
	s.breakers.err = errors.New("database away")
	goal, err := s.begin(t)
	require.ErrorIs(t, err, tool.ErrBusy)
	require.False(t, goal.State.Terminal())
	s.breakers.err = nil
	s.refuse = errors.New("database away")
	require.ErrorIs(t, s.planner.Run(t.Context(), "goal-1"), tool.ErrFailed)
	s.refuse = nil
	require.NoError(t, s.planner.Run(t.Context(), "goal-1"))
	require.Equal(t, aegis.GoalRunning, s.goals["goal-1"].State)
	require.NotEmpty(t, s.sets)
}

// Whoever calls the tool gets what the plan has, once, when its turn has come.
func TestTheToolProposesOnlyWhatIsPlanned(t *testing.T) {
	t.Parallel()
	s := newShift(t)
	goal, err := s.begin(t)
	require.NoError(t, err)
	begun := len(s.sets)
	night := tool.Caller{Agent: "night", GoalID: "goal-1"}
	waiting := ""
	for _, task := range goal.Plan.Tasks {
		if task.ChangeSetID != "" {
			id, refused := s.call(t, night, task.TaskID)
			require.Empty(t, refused)
			require.Equal(t, task.ChangeSetID, id, "it has one already")
		} else {
			waiting = task.TaskID
		}
	}
	require.NotEmpty(t, waiting)
	for _, c := range []struct {
		by     tool.Caller
		task   string
		reason string
	}{
		{night, waiting, "waits for others"},
		{night, "9.9", `has no task "9.9"`},
		{tool.Caller{Agent: "day", GoalID: "goal-1"}, waiting, "is not carried out by agent day"},
		{tool.Caller{GoalID: "goal-1"}, waiting, "is not carried out by agent"},
	} {
		id, refused := s.call(t, c.by, c.task)
		require.Empty(t, id)
		require.Contains(t, refused, c.reason)
	}
	for input, by := range map[string]tool.Caller{`{}`: night, `{"task_id":"1.1","merge_patch":{}}`: night, `{"task_id":7}`: night} {
		_, err := s.planner.Tools.Call(t.Context(), by, "propose_change_set", json.RawMessage(input))
		require.ErrorIs(t, err, tool.ErrInput, input)
	}
	_, err = s.planner.Tools.Call(t.Context(), tool.Caller{Agent: "night", GoalID: "goal-9"}, "propose_change_set", json.RawMessage(`{"task_id":"1.1"}`))
	require.ErrorIs(t, err, tool.ErrFailed)
	ended := s.goals["goal-1"]
	ended.State = aegis.GoalCancelled
	s.goals["goal-1"] = ended
	_, refused := s.call(t, night, waiting)
	require.Contains(t, refused, "goal goal-1 is cancelled")
	require.Len(t, s.sets, begun)
}
