package agent_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/stacks"
)

// errKilled is what a worker sees of its own end: nothing, so to speak.
var errKilled = errors.New("killed")

// mortal is a world whose worker dies at one of its calls: before it is made, or
// after it was, so that nobody hears of the answer.
type mortal struct {
	*world

	calls, at int
	after     bool
}

func (m *mortal) dies() bool {
	m.calls++
	return m.calls == m.at
}

// step makes a call, unless the worker dies.
func step[T any](m *mortal, call func() (T, error)) (T, error) {
	var nothing T
	if !m.dies() {
		return call()
	}
	if m.after {
		_, _ = call()
	}
	return nothing, errKilled
}

func (m *mortal) Goal(ctx context.Context, id string) (aegis.Goal, error) {
	return step(m, func() (aegis.Goal, error) { return m.world.Goal(ctx, id) })
}

func (m *mortal) UpdateGoal(ctx context.Context, g aegis.Goal, steps ...aegis.TraceStep) error {
	_, err := step(m, func() (bool, error) { return true, m.world.UpdateGoal(ctx, g, steps...) })
	return err
}

func (m *mortal) ChangeSets(ctx context.Context, f aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
	sets, err := step(m, func() ([]aegis.AutonomousChangeSet, error) {
		sets, _, err := m.world.ChangeSets(ctx, f, page)
		return sets, err
	})
	return sets, "", err
}

func (m *mortal) Propose(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	return step(m, func() (aegis.AutonomousChangeSet, error) { return m.world.Propose(ctx, cs) })
}

func (m *mortal) Remember(ctx context.Context, told aegis.Memory) (aegis.Memory, error) {
	return step(m, func() (aegis.Memory, error) { return m.world.Remember(ctx, told) })
}

func (m *mortal) Search(ctx context.Context, q memory.Query) (found []aegis.Memory, next string, err error) {
	found, err = step(m, func() ([]aegis.Memory, error) {
		found, _, err := m.world.Search(ctx, q)
		return found, err
	})
	return found, "", err
}

func (m *mortal) AgentSteps(ctx context.Context, goalID string) ([]aegis.AgentStep, error) {
	return step(m, func() ([]aegis.AgentStep, error) { return m.world.AgentSteps(ctx, goalID) })
}

func (m *mortal) SaveAgentStep(ctx context.Context, taken aegis.AgentStep) error {
	_, err := step(m, func() (bool, error) { return true, m.world.SaveAgentStep(ctx, taken) })
	return err
}

// TestKilledAnywhere ends the worker at every call that it makes for a goal of
// five tasks in three phases, before and after the call: another worker comes to
// the same result, with one change set for each task, one memory of the goal
// and one lesson. An agent that proposes with its tool comes to it too.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "night"} {
		t.Run("agent "+name, func(t *testing.T) {
			t.Parallel()
			killAnywhere(t, name)
		})
	}
}

func killAnywhere(t *testing.T, name string) {
	t.Helper()
	pursue := func(at int, after bool) (goal aegis.Goal, m *mortal) {
		m = &mortal{world: priced(t), at: at, after: after}
		m.goals["goal-1"] = aegis.Goal{
			GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "survive the loss of eu-west-1", RiskTolerance: aegis.RiskLow},
			State:    aegis.GoalAccepted, Submitter: "alice", CreatedAt: noon, Agent: name,
		}
		planner := agent.New(agent.Config{
			Goals: m, Stacks: m, Specs: m, ChangeSets: m, Door: m, Memory: m, Pricer: m.pricer, Validate: stacks.Validate, DependsOn: stacks.DependsOn, Regions: regions,
			Now: m.clock, Agents: people{"night": {Name: "night"}},
		})
		planner.Tools = proposing(t, planner, &permits{})
		call := func(job func(context.Context, string) error) {
			for { // the queue gives it to the next worker
				err := job(t.Context(), "goal-1")
				if err == nil {
					return
				}
				require.ErrorContains(t, err, errKilled.Error())
			}
		}
		call(planner.Run)
		for range 5 {
			for i := range m.sets {
				m.end(m.sets[i].ChangeSetID, aegis.StatePromoted)
			}
			call(planner.Settle)
		}
		return m.goals["goal-1"], m
	}
	want, whole := pursue(0, false)
	require.Equal(t, aegis.GoalSucceeded, want.State)
	require.Len(t, whole.sets, 5)
	require.Greater(t, whole.calls, 12)
	for at := 1; at <= whole.calls; at++ {
		for _, after := range []bool{false, true} {
			got, m := pursue(at, after)
			require.Equal(t, want.State, got.State, "call %d", at)
			require.Equal(t, want.Result, got.Result, "call %d", at)
			require.Equal(t, want.Plan, got.Plan, "call %d", at)
			require.Len(t, m.sets, 5, "call %d", at)
			require.Len(t, m.memories, 2, "call %d", at)
		}
	}
}
