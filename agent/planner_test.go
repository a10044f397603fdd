package agent_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
)

func mergePatch(doc, patch []byte) ([]byte, error) { return jsonpatch.MergePatch(doc, patch) }

func TestScaleOneRegion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal, sets := w.ask(t, "scale the runtime in eu-west-1 to 4 nodes")
	require.Empty(t, goal.Error)
	require.Equal(t, aegis.GoalRunning, goal.State)
	require.Len(t, sets, 1)
	require.Equal(t, []string{"dev.runtime.eu-west-1"}, sets[0].Target.StackIDs)
	require.JSONEq(t, `{"node_min": 4, "node_desired": 4}`, string(sets[0].Patches[0].MergePatch))
}

// Each time that an agent goes to work on a goal is told of, with how it ended.
func TestWorkIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.config()
	var told []string
	config.Span = func(ctx context.Context, goal aegis.Goal, by string) (context.Context, func(error)) {
		return ctx, func(err error) { told = append(told, fmt.Sprintf("%s by %s: %v", goal.GoalID, by, err)) }
	}
	w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: twoLayers}, State: aegis.GoalAccepted, Agent: "night"}
	require.NoError(t, agent.New(config).Run(t.Context(), "goal-1"))
	require.NoError(t, agent.New(config).Settle(t.Context(), "goal-1"))
	require.Equal(t, []string{"goal-1 by night: <nil>", "goal-1 by night: <nil>"}, told)
	w.refuse = errors.New("the database is away")
	w.goals["goal-2"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-2", Intent: twoLayers}, State: aegis.GoalAccepted}
	require.Error(t, agent.New(config).Run(t.Context(), "goal-2"))
	require.Contains(t, told[2], "goal-2 by planner: ")
	require.Contains(t, told[2], "the database is away")
}
