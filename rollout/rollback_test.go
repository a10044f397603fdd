package rollout_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestRollback(t *testing.T) {
	t.Parallel()
	for name, soak := range map[string]int{"at once": 0, "while soaking": 9} {
		t.Run("a canary whose checks fail "+name+" is undone", func(t *testing.T) {
			t.Parallel()
			b := newBench()
			b.gate.result = allow(true, soak)
			b.checks.red = func(string) bool { return b.world.get(ap)["ssm_parameter-a"] == "2" }
			cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, us, eu, ap))
			require.Equal(t, aegis.StateRolledBack, cs.PromotionState)
			require.Equal(t, "failed", cs.CanaryResult.Outcome)
			require.Contains(t, cs.Error, "check "+ap+" failed")
			require.Equal(t, []string{ap, ap}, b.world.applies)
			require.Len(t, b.store.revisions[ap], 3)
			require.Equal(t, "1", b.world.get(ap)["ssm_parameter-a"])
		})
	}
	t.Run("what the cloud refuses halfway is undone", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		writes := 0
		b.world.before = func(op, _ string) error {
			if op == "write" {
				if writes++; writes == 4 {
					return aegis.ErrProvider
				}
			}
			return nil
		}
		cs := b.run(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-b":"2"}`, us, eu))
		require.Equal(t, aegis.StateRolledBack, cs.PromotionState)
		require.Equal(t, "1", b.world.get(eu)["ssm_parameter-a"])
		require.Equal(t, "1", b.world.get(us)["ssm_parameter-a"])
		require.InDelta(t, 0, b.store.accounts["estate"].SpentUSD, 1e-9)
	})
	t.Run("a first apply that fails is removed again", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.addStack("sandbox.data.us-east-1", "")
		writes := 0
		b.world.before = func(op, _ string) error {
			if op == "write" {
				if writes++; writes == 2 {
					return aegis.ErrProvider
				}
			}
			return nil
		}
		in := patch(`{"ssm_parameter-x":"1","ssm_parameter-y":"1"}`, "sandbox.data.us-east-1")
		in.Source, in.Patches[0].BaseRevision = aegis.SourceBootstrap, 0
		cs := b.run(t, in)
		require.Equal(t, aegis.StateRolledBack, cs.PromotionState)
		require.Empty(t, b.world.get("sandbox.data.us-east-1"))
		require.Equal(t, aegis.StackPending, b.store.stacks["sandbox.data.us-east-1"].State)
	})
	t.Run("one that fails itself opens the breaker", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.before = func(op, _ string) error {
			if op == "write" {
				return aegis.ErrProvider
			}
			return nil
		}
		b.world.set(eu, "ssm_parameter-b", "rogue")
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Equal(t, eu, b.store.breakers[0].Key)
		require.Equal(t, aegis.StackUnknown, b.store.stacks[eu].State)
		require.NotEmpty(t, b.store.stacks[eu].Error)
	})
	t.Run("does nothing that was not judged", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result = allow(false, 9)
		b.checks.red = func(string) bool {
			b.world.set(eu, "ssm_parameter-b", "rogue")
			return true
		}
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Contains(t, cs.Error, "was not judged")
		require.Equal(t, "rogue", b.world.get(eu)["ssm_parameter-b"])
	})
	t.Run("policy can forbid it", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result.ExecutionPolicy.RollbackPolicy.Automatic = false
		b.checks.red = func(string) bool { return true }
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Equal(t, "2", b.world.get(eu)["ssm_parameter-a"])
		require.Len(t, b.store.breakers, 1)
	})
}

func TestRollbackByHand(t *testing.T) {
	t.Parallel()
	t.Run("undoes a promoted change, and that again", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu, us))
		for i, want := range []string{"1", "2"} {
			back, err := b.door.Rollback(t.Context(), cs.ChangeSetID, "ann")
			require.NoError(t, err)
			require.Equal(t, aegis.SourceRollback, back.Source)
			require.Equal(t, cs.ChangeSetID, back.RollbackOf)
			b.drain(t)
			b.sound(t)
			cs = b.get(t, back.ChangeSetID)
			require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
			require.Equal(t, want, b.world.get(eu)["ssm_parameter-a"])
			require.Len(t, b.store.revisions[eu], 3+i)
		}
	})
	t.Run("removes what a bootstrap made, and makes it again", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		id := "sandbox.data.us-east-1"
		b.addStack(id, "")
		in := patch(`{"ssm_parameter-x":"1"}`, id)
		in.Source, in.Patches[0].BaseRevision = aegis.SourceBootstrap, 0
		cs := b.run(t, in)
		back, err := b.door.Rollback(t.Context(), cs.ChangeSetID, "ann")
		require.NoError(t, err)
		b.drain(t)
		require.Equal(t, aegis.StatePromoted, b.get(t, back.ChangeSetID).PromotionState)
		require.Empty(t, b.world.get(id))
		require.Equal(t, aegis.StackPending, b.store.stacks[id].State)
		again, err := b.door.Rollback(t.Context(), back.ChangeSetID, "ann")
		require.NoError(t, err)
		b.drain(t)
		b.sound(t)
		require.Equal(t, aegis.StatePromoted, b.get(t, again.ChangeSetID).PromotionState)
		require.Equal(t, map[string]any{"ssm_parameter-x": "1"}, b.world.get(id))
	})
	t.Run("has nothing to undo of what was denied, rolled back or is running", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		running := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		_, err := b.door.Rollback(t.Context(), running, "ann")
		require.ErrorIs(t, err, aegis.ErrConflict)
		b.checks.red = func(string) bool { return true }
		b.drain(t)
		require.Equal(t, aegis.StateRolledBack, b.get(t, running).PromotionState)
		_, err = b.door.Rollback(t.Context(), running, "ann")
		require.ErrorIs(t, err, aegis.ErrConflict)
		b.gate.result = denyAll()
		denied := b.run(t, patch(`{"ssm_parameter-b":"2"}`, eu))
		_, err = b.door.Rollback(t.Context(), denied.ChangeSetID, "ann")
		require.ErrorIs(t, err, aegis.ErrConflict)
		_, err = b.door.Rollback(t.Context(), "cs-none", "ann")
		require.ErrorIs(t, err, aegis.ErrNotFound)
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ends := map[aegis.Phase]aegis.PromotionState{
		aegis.PhasePlan: aegis.StateCancelled, aegis.PhaseGate: aegis.StateCancelled,
		aegis.PhaseCanary: aegis.StateCancelled, aegis.PhaseApply: aegis.StateRolledBack, aegis.PhaseVerify: aegis.StateRolledBack,
	}
	for _, phase := range slices.Sorted(maps.Keys(ends)) {
		t.Run("in "+string(phase), func(t *testing.T) {
			t.Parallel()
			b := newBench()
			b.gate.result = allow(true, 3)
			id := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, us, eu))
			b.until(t, id, phase)
			require.NoError(t, b.door.Cancel(t.Context(), id, "ann"))
			b.drain(t)
			b.sound(t)
			cs := b.get(t, id)
			require.Equal(t, ends[phase], cs.PromotionState)
			require.Equal(t, "cancelled by ann", cs.Error)
			require.Equal(t, "1", b.world.get(eu)["ssm_parameter-a"])
			require.ErrorIs(t, b.door.Cancel(t.Context(), id, "ann"), aegis.ErrConflict)
		})
	}
	t.Run("of one that there is not", func(t *testing.T) {
		t.Parallel()
		require.ErrorIs(t, newBench().door.Cancel(t.Context(), "cs-none", "ann"), aegis.ErrNotFound)
	})
}
