package agent_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
)

// Where one of a plan's tasks would be denied, no other is applied beside it.
func TestNothingIsAppliedBesideWhatIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.foreseen = map[string]string{"1.1.data": "data_denied"}
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: twoLayers})
	require.Len(t, sets, 1, "the door has the last word of what would be denied")
	require.Equal(t, "1.1.data", sets[0].TaskID)
	w.end(sets[0].ChangeSetID, aegis.StateDenied)
	require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	goal = w.goals[goal.GoalID]
	require.Equal(t, aegis.GoalDenied, goal.State)
	require.Len(t, w.setsOf(goal.GoalID), 1)
	for _, task := range goal.Plan.Tasks {
		if task.TaskID == "1.1.runtime" {
			require.Equal(t, aegis.TaskSkipped, task.State)
			require.Contains(t, task.Error, "task 1.1.data would not go through: data_denied: no")
		}
	}
	require.Contains(t, goal.Error, "was denied")
	require.Empty(t, goal.Result.Achieved)
}

// A worker that dies on the way there leaves nothing for the next one to apply beside it.
func TestWhatIsForeseenSurvivesKills(t *testing.T) {
	t.Parallel()
	pursue := func(at int, after bool) *mortal {
		m := &mortal{world: newWorld(t), at: at, after: after}
		m.foreseen = map[string]string{"1.1.data": "data_denied"}
		m.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: twoLayers}, State: aegis.GoalAccepted}
		config := m.config()
		config.Goals, config.ChangeSets, config.Door = m, m, m
		planner := agent.New(config)
		for errors.Is(planner.Run(t.Context(), "goal-1"), errKilled) { // the queue gives it to the next worker
		}
		return m
	}
	whole := pursue(0, false)
	require.Greater(t, whole.calls, 5)
	for at := 1; at <= whole.calls; at++ {
		for _, after := range []bool{false, true} {
			m := pursue(at, after)
			require.Len(t, m.sets, 1, "call %d", at)
			require.Equal(t, "1.1.data", m.sets[0].TaskID, "call %d", at)
		}
	}
}

// A way of which a part would be denied is left for another before any of it is applied.
func TestAWayThatWouldBeDeniedIsLeft(t *testing.T) {
	t.Parallel()
	w := priced(t)
	w.foreseen = map[string]string{"1.1.edge": "edge_denied"}
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "survive the loss of eu-west-1"})
	require.Len(t, sets, 1)
	require.Equal(t, "1.1.edge", sets[0].TaskID)
	w.end(sets[0].ChangeSetID, aegis.StateDenied)
	require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	goal = w.goals[goal.GoalID]
	require.Equal(t, 2, goal.Plan.Plans)
	for _, cs := range w.setsOf(goal.GoalID)[1:] {
		require.Contains(t, cs.TaskID, "2.1.")
	}
}

// What can't be tried is proposed: the door waits for what it needs.
func TestWhatCantBeTriedIsProposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.untried = errors.New("region eu-west-1 does not answer")
	_, sets := w.submit(t, aegis.GoalSpec{Intent: twoLayers})
	require.Len(t, sets, 2)
}
