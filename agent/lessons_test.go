package agent_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/stacks"
)

const lossOfAmerica = "make everything survive losing us-east-1"

// learner is a planner that remembers, in a world whose clock it sets.
type learner struct {
	*world

	now time.Time
}

func (l *learner) planner(remembers interface {
	Remember(ctx context.Context, m aegis.Memory) (aegis.Memory, error)
	Search(ctx context.Context, q memory.Query) ([]aegis.Memory, string, error)
},
) *agent.Planner {
	return agent.New(agent.Config{
		Goals: l, Stacks: l, Specs: l, ChangeSets: l, Door: l, Memory: remembers, Pricer: l.pricer, Validate: stacks.Validate, DependsOn: stacks.DependsOn,
		Regions: regions, Now: func() time.Time { return l.now },
	})
}

// pursue has a goal planned, and its first change sets end so; then it is judged.
func (l *learner) pursue(t *testing.T, id string, end aegis.PromotionState) aegis.Goal {
	t.Helper()
	l.goals[id] = aegis.Goal{
		GoalSpec: aegis.GoalSpec{GoalID: id, Intent: lossOfAmerica, RiskTolerance: aegis.RiskHigh},
		State:    aegis.GoalAccepted, Submitter: "alice", CreatedAt: l.now,
	}
	require.NoError(t, l.planner(l).Run(t.Context(), id))
	first := l.goals[id]
	plan := *first.Plan
	first.Plan = &plan
	for _, cs := range l.setsOf(id) {
		l.end(cs.ChangeSetID, end)
	}
	require.NoError(t, l.planner(l).Settle(t.Context(), id))
	return first
}

func taken(t *testing.T, goal aegis.Goal) aegis.GoalOption {
	t.Helper()
	for _, o := range goal.Plan.Options {
		if o.Chosen {
			return o
		}
	}
	require.Fail(t, "no way was chosen", goal.Error)
	return aegis.GoalOption{}
}

func TestAWayThatDidNotLastIsDoubted(t *testing.T) {
	t.Parallel()
	l := &learner{world: priced(t), now: noon}
	first := l.pursue(t, "goal-1", aegis.StateRolledBack)
	require.Equal(t, "room to scale", taken(t, first).Name)
	require.Empty(t, taken(t, first).Past)
	require.Equal(t, 2, l.goals["goal-1"].Plan.Plans, "it is planned again")
	noted := l.memories[slices.IndexFunc(l.memories, func(m aegis.Memory) bool { return m.Kind == aegis.MemorySession })]
	require.Equal(t, "goal-1", noted.Scope)
	require.Contains(t, noted.Text, "was planned again: \"room to scale\" did not do, since")

	l.now = noon.Add(20 * 24 * time.Hour)
	second, _, err := l.planner(l).Rehearse(t.Context(), aegis.GoalSpec{Intent: lossOfAmerica, RiskTolerance: aegis.RiskHigh})
	require.NoError(t, err)
	require.Contains(t, second.Understanding, "Chosen: spare capacity (")
	require.Contains(t, second.Understanding, "did not last when it was tried before; on 2")
	require.Contains(t, second.Understanding, "in goal-1, it did not last: ")

	l.now = noon.Add(31 * 24 * time.Hour)
	third := l.pursue(t, "goal-3", aegis.StateRolledBack)
	require.Equal(t, "room to scale", taken(t, third).Name, "what was long ago is told, and does not decide")
	require.Contains(t, taken(t, third).Past, "it did not last: ")
}

func TestAWayThatLastedIsNoLongerDoubted(t *testing.T) {
	t.Parallel()
	l := &learner{world: priced(t), now: noon}
	l.pursue(t, "goal-1", aegis.StateRolledBack)
	l.memories = append(l.memories, aegis.Memory{
		MemoryID: "mem-9", AgentID: agent.Actor, Kind: aegis.MemorySemantic, Outcome: aegis.MemorySucceeded, CreatedAt: noon.Add(time.Hour),
		Text: lesson(t, l), Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromGoal, GoalID: "goal-9"},
	})
	again := l.pursue(t, "goal-2", aegis.StatePromoted)
	require.Equal(t, "room to scale", taken(t, again).Name)
	require.Regexp(t, "^on .*, in goal-9, it lasted$", taken(t, again).Past)
}

// lesson is what another goal would have learnt, had the same way lasted.
func lesson(t *testing.T, l *learner) string {
	t.Helper()
	other := &learner{world: priced(t), now: l.now}
	other.pursue(t, "goal-9", aegis.StatePromoted)
	for _, m := range other.memories {
		if m.Kind == aegis.MemorySemantic {
			return m.Text
		}
	}
	require.Fail(t, "nothing was learnt")
	return ""
}

// What policy denied was never tried.
func TestADeniedWayTeachesNothing(t *testing.T) {
	t.Parallel()
	l := &learner{world: priced(t), now: noon}
	l.pursue(t, "goal-1", aegis.StateDenied)
	for _, m := range l.memories {
		require.NotEqual(t, aegis.MemorySemantic, m.Kind, m.Text)
	}
}

// forgetful has a memory that can't be searched.
type forgetful struct{ *world }

func (forgetful) Search(context.Context, memory.Query) ([]aegis.Memory, string, error) {
	return nil, "", errors.New("the index is being built")
}

func TestGoalsArePlannedWithoutMemory(t *testing.T) {
	t.Parallel()
	l := &learner{world: priced(t), now: noon}
	l.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: lossOfAmerica, RiskTolerance: aegis.RiskHigh}, State: aegis.GoalAccepted, CreatedAt: noon}
	require.NoError(t, l.planner(forgetful{l.world}).Run(t.Context(), "goal-1"))
	require.Equal(t, aegis.GoalRunning, l.goals["goal-1"].State)
}
