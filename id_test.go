package aegis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestNewID(t *testing.T) {
	t.Parallel()

	t.Run("sorts by age", func(t *testing.T) {
		t.Parallel()
		start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
		var ids []string
		for i := range 1000 {
			ids = append(ids, aegis.NewID(aegis.GoalPrefix, start.Add(time.Duration(i)*time.Millisecond)))
		}
		require.True(t, slices.IsSorted(ids))
	})

	t.Run("derives the same from the same", func(t *testing.T) {
		t.Parallel()
		at := time.UnixMilli(1)
		id := aegis.DerivedID(aegis.GoalPrefix, at, [32]byte{1})
		require.Regexp(t, `^goal-[0-9a-v]{26}$`, id)
		require.Equal(t, id, aegis.DerivedID(aegis.GoalPrefix, at, [32]byte{1}))
		require.NotEqual(t, id, aegis.DerivedID(aegis.GoalPrefix, at, [32]byte{2}))
		require.Less(t, id, aegis.DerivedID(aegis.GoalPrefix, at.Add(time.Millisecond), [32]byte{}), "it sorts by age")
	})

	t.Run("never repeats in one millisecond", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for range 10_000 {
			id := aegis.NewID(aegis.ChangeSetPrefix, time.UnixMilli(1))
			require.False(t, seen[id])
			require.Regexp(t, `^cs-[0-9a-v]{26}$`, id)
			seen[id] = true
		}
	})
}
