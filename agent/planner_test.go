package agent_test

import (
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
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
