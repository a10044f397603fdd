package rollout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestBreakersTrip(t *testing.T) {
	t.Parallel()
	// failing has a change rolled back, after so many that failed before.
	failing := func(t *testing.T, policy aegis.BreakerPolicy, before int) *bench {
		t.Helper()
		b := newBench()
		b.gate.result = allow(false, 0)
		b.gate.result.ExecutionPolicy.RollbackPolicy.Breaker = policy
		b.addStack(eu, `{"size":1}`)
		b.store.history = aegis.History{RolledBack: before}
		b.checks.red = func(string) bool { return true }
		id := b.propose(t, patch(`{"size":3}`, eu))
		b.drain(t)
		cs, err := b.store.ChangeSet(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, aegis.StateRolledBack, cs.PromotionState, cs.Error)
		return b
	}
	settings := aegis.BreakerPolicy{Failures: 3, WindowSeconds: 3600, OpenSeconds: 600}

	t.Run("a stack whose changes keep failing is stopped for a while", func(t *testing.T) {
		t.Parallel()
		b := failing(t, settings, 2)
		require.Len(t, b.store.breakers, 1)
		breaker := b.store.breakers[0]
		require.Equal(t, aegis.BreakerStack, breaker.Scope)
		require.Equal(t, eu, breaker.Key)
		require.Contains(t, breaker.Reason, "3 changes failed within 3600 s")
		require.Equal(t, 10*time.Minute, breaker.ExpiresAt.Sub(breaker.OpenedAt))
	})
	t.Run("fewer failures do not", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, failing(t, settings, 1).store.breakers)
	})
	t.Run("without a number none do", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, failing(t, aegis.BreakerPolicy{}, 100).store.breakers)
	})
}
