package agent_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
)

const twoLayers = "scale the runtime to 4 nodes everywhere and double the events stream everywhere"

func TestSettle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second aegis.PromotionState
		want          aegis.GoalState
	}{
		"succeeds when all are promoted":       {aegis.StatePromoted, aegis.StatePromoted, aegis.GoalSucceeded},
		"is denied when all are denied":        {aegis.StateDenied, aegis.StateDenied, aegis.GoalDenied},
		"fails when one is denied":             {aegis.StatePromoted, aegis.StateDenied, aegis.GoalFailed},
		"fails when one is rolled back":        {aegis.StateRolledBack, aegis.StatePromoted, aegis.GoalFailed},
		"fails when one failed":                {aegis.StateFailed, aegis.StatePromoted, aegis.GoalFailed},
		"fails when one was cancelled":         {aegis.StateCancelled, aegis.StatePromoted, aegis.GoalFailed},
		"waits while one is being applied":     {aegis.StateApplying, aegis.StatePromoted, aegis.GoalRunning},
		"waits while one is being rolled back": {aegis.StateRollingBack, aegis.StateDenied, aegis.GoalRunning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			goal, sets := w.ask(t, twoLayers)
			w.end(sets[0].ChangeSetID, c.first)
			w.end(sets[1].ChangeSetID, c.second)
			require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
			require.Equal(t, c.want, w.goals[goal.GoalID].State)
			require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID), "settling again is harmless")
		})
	}
}

func TestSettleNamesTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal, sets := w.ask(t, "remove bucket artifacts")
	w.sets[0].Denials = []aegis.RuleResult{{Code: "stateful_delete", Msg: "it holds data"}}
	w.end(sets[0].ChangeSetID, aegis.StateDenied)
	require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	require.Equal(t, "cs-1 (Remove bucket artifacts everywhere) was denied: stateful_delete: it holds data", w.goals[goal.GoalID].Error)
}

func TestRunAfterACrashProposesTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crash := errors.New("database went away")
	w.refuseAfter, w.refuse = 1, crash
	w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: twoLayers}, State: aegis.GoalAccepted}
	require.ErrorIs(t, w.planner().Run(t.Context(), "goal-1"), crash)
	require.Equal(t, aegis.GoalPlanning, w.goals["goal-1"].State)
	require.Len(t, w.sets, 1)
	understood := w.goals["goal-1"].Understanding

	w.refuse = nil
	require.NoError(t, w.planner().Run(t.Context(), "goal-1"))
	require.Len(t, w.sets, 2)
	require.NotEqual(t, w.sets[0].Target.StackIDs, w.sets[1].Target.StackIDs)
	require.Equal(t, aegis.GoalRunning, w.goals["goal-1"].State)
	require.Equal(t, understood, w.goals["goal-1"].Understanding)
	require.NoError(t, w.planner().Run(t.Context(), "goal-1"), "running again is harmless")
	require.Len(t, w.sets, 2)
}

func TestRunSettlesWhatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applyAtOnce = true
	goal, _ := w.ask(t, twoLayers)
	require.Equal(t, aegis.GoalSucceeded, goal.State)
}

func TestInvalidProposalFailsTheGoal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuseAfter, w.refuse = 1, aegis.Invalid("target", "is odd")
	goal, sets := w.ask(t, twoLayers)
	require.Equal(t, aegis.GoalFailed, goal.State)
	require.Contains(t, goal.Error, "target: is odd")
	require.Len(t, sets, 1)
	require.Equal(t, aegis.StateCancelled, sets[0].PromotionState)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal, sets := w.ask(t, twoLayers)
	goal.State = aegis.GoalCancelled
	require.NoError(t, w.UpdateGoal(t.Context(), goal))
	require.NoError(t, w.planner().Run(t.Context(), goal.GoalID), "a cancelled goal is not planned")
	require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	require.Equal(t, aegis.GoalCancelled, w.goals[goal.GoalID].State)
	require.Len(t, w.setsOf(goal.GoalID), len(sets))
}

func TestNothingIsBegunAfterTheDeadline(t *testing.T) {
	t.Parallel()
	w := priced(t)
	deadline := noon.Add(2 * time.Hour)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "survive the loss of eu-west-1", RiskTolerance: aegis.RiskLow, Deadline: &deadline})
	require.Len(t, sets, 3, "two tasks wait for these")
	for _, cs := range sets {
		w.end(cs.ChangeSetID, aegis.StatePromoted)
	}
	w.now = noon.Add(3 * time.Hour)
	require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	goal = w.goals[goal.GoalID]
	require.Equal(t, aegis.GoalFailed, goal.State)
	require.Contains(t, goal.Error, "deadline")
	require.Len(t, w.setsOf(goal.GoalID), 3)
	require.Len(t, goal.Result.Achieved, 3)
	require.Subset(t, goal.Result.Lacks, []string{goal.Plan.Tasks[3].Summary, goal.Plan.Tasks[4].Summary})
	require.Equal(t, 1, goal.Plan.Plans, "there is no time for another way")
}

func TestUnknownGoal(t *testing.T) {
	t.Parallel()
	p := newWorld(t).planner()
	require.ErrorIs(t, p.Run(t.Context(), "goal-9"), aegis.ErrNotFound)
	require.ErrorIs(t, p.Settle(t.Context(), "goal-9"), aegis.ErrNotFound)
}

func TestLateSuccessSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deadline := noon.Add(time.Hour)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "scale the runtime in eu-west-1 to 4 nodes", Deadline: &deadline})
	w.end(sets[0].ChangeSetID, aegis.StatePromoted)
	w.now = deadline.Add(time.Minute)
	require.NoError(t, w.planner().Settle(context.Background(), goal.GoalID))
	require.Equal(t, aegis.GoalSucceeded, w.goals[goal.GoalID].State)
	require.Equal(t, "reached after its deadline", w.goals[goal.GoalID].Error)
}
