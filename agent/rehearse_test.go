package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
)

func TestRehearse(t *testing.T) {
	t.Parallel()

	t.Run("returns what would be proposed and proposes nothing", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		preview, sets, err := w.planner().Rehearse(t.Context(), aegis.GoalSpec{Intent: twoLayers})
		require.NoError(t, err)
		require.Len(t, sets, 2)
		require.NotEmpty(t, preview.Understanding)
		require.Len(t, preview.Plan.Tasks, 2)
		require.Empty(t, w.sets)
		require.Empty(t, w.goals)

		_, proposed := w.ask(t, twoLayers)
		for i, cs := range proposed {
			require.Equal(t, cs.Patches, sets[i].Patches)
			require.Equal(t, cs.Target, sets[i].Target)
		}
	})

	t.Run("says why a goal can't be planned", func(t *testing.T) {
		t.Parallel()
		_, _, err := newWorld(t).planner().Rehearse(t.Context(), aegis.GoalSpec{Intent: "make me a sandwich"})
		require.ErrorIs(t, err, aegis.ErrInvalid)
		require.ErrorContains(t, err, "scale the runtime")
	})
}
