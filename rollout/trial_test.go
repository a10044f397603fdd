package rollout_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestTry(t *testing.T) {
	t.Parallel()
	change := patch(`{"ssm_parameter-a":"2"}`, eu)
	change.TaskID = "1.1.data"

	t.Run("says what the gate would say, and takes nothing", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result = aegis.GateResult{Deny: []aegis.RuleResult{{Code: "no", Msg: "not today"}}}
		got, err := b.door.Try(t.Context(), change)
		require.NoError(t, err)
		require.Equal(t, "1.1.data", got.TaskID)
		require.Len(t, got.Diff, 1)
		require.Contains(t, got.Denials, aegis.RuleResult{Code: "no", Msg: "not today"})
		require.Empty(t, got.Error)
		require.Empty(t, b.store.rows)
		require.Empty(t, b.store.decisions)
	})
	t.Run("tells of a plan that the engine refuses", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.before = func(op, _ string) error { return fmt.Errorf("%s: no such key: %w", op, aegis.ErrProvider) }
		got, err := b.door.Try(t.Context(), change)
		require.NoError(t, err)
		require.Contains(t, got.Error, "no such key")
		require.Empty(t, got.Diff)
	})
	t.Run("fails when the engine is out of reach", func(t *testing.T) {
		t.Parallel()
		for _, away := range []error{aegis.ErrUnavailable, aegis.ErrStateLocked} {
			b := newBench()
			b.world.before = func(string, string) error { return errors.Join(errors.New("away"), away) }
			_, err := b.door.Try(t.Context(), change)
			require.ErrorIs(t, err, away)
		}
	})
	t.Run("refuses what Propose refuses", func(t *testing.T) {
		t.Parallel()
		_, err := newBench().door.Try(t.Context(), patch(`{"ssm_parameter-a":"2"}`, "sandbox.data.nowhere-1"))
		require.ErrorIs(t, err, aegis.ErrInvalid)
	})
}
