package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
)

// A goal is planned once the goals that it depends on have succeeded, and fails
// when one did not.
func TestGoalsWaitForOthers(t *testing.T) {
	t.Parallel()
	for state, c := range map[aegis.GoalState]struct {
		state  aegis.GoalState
		reason string
	}{
		aegis.GoalAccepted:  {aegis.GoalAccepted, ""},
		aegis.GoalRunning:   {aegis.GoalAccepted, ""},
		aegis.GoalSucceeded: {aegis.GoalRunning, ""},
		aegis.GoalDenied:    {aegis.GoalFailed, "goal-1, on which it depends, was not reached: it is denied"},
		aegis.GoalCancelled: {aegis.GoalFailed, "it is cancelled"},
	} {
		w := newWorld(t)
		w.goals["goal-1"] = aegis.Goal{State: state}
		w.goals["goal-2"] = aegis.Goal{
			GoalSpec: aegis.GoalSpec{GoalID: "goal-2", Intent: "scale the runtime in eu-west-1 to 4 nodes", DependsOn: []string{"goal-1"}}, State: aegis.GoalAccepted,
		}
		require.NoError(t, w.planner().Run(t.Context(), "goal-2"))
		require.Equal(t, c.state, w.goals["goal-2"].State, state)
		require.Contains(t, w.goals["goal-2"].Error, c.reason)
		require.Equal(t, c.state == aegis.GoalRunning, len(w.sets) == 1, state)
	}
}
