package rollout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// ailing is a bundle that gives no answers from the moment that it is told so.
type ailing struct {
	shipped

	faults int
}

func (a *ailing) Faults(_ context.Context, _ string, shadow bool, _ time.Time) (aegis.PolicyFaults, error) {
	if shadow {
		return aegis.PolicyFaults{}, nil
	}
	return aegis.PolicyFaults{Evaluated: 4, Faults: a.faults, First: "policy_error: divide by zero"}, nil
}

// newAiling is a bench whose bundles fail when faults say so.
func newAiling() (*bench, *ailing) {
	b, bundles := newBench(), &ailing{}
	b.gate.result = allow(false, 0)
	config := b.config()
	config.Bundles = bundles
	b.door = rollout.New(config)
	return b, bundles
}

func TestRevertPolicy(t *testing.T) {
	t.Parallel()
	unanswered := aegis.GateResult{Deny: []aegis.RuleResult{{Code: "policy_error", Msg: "divide by zero"}}, Warn: []aegis.RuleResult{}}

	t.Run("undoes a bundle that gives no answers, though it can't judge that", func(t *testing.T) {
		t.Parallel()
		b, bundles := newAiling()
		first := b.ship(t, push("one"))
		second := b.ship(t, push("two"))
		require.Equal(t, aegis.StatePromoted, second.PromotionState)
		bundles.faults, b.gate.result = 2, unanswered
		undo, err := b.door.RevertPolicy(t.Context())
		require.NoError(t, err)
		require.Equal(t, second.ChangeSetID, undo.RollbackOf)
		require.Contains(t, undo.Summary, "no answer for 2 of 4 decisions: policy_error: divide by zero")
		again, err := b.door.RevertPolicy(t.Context())
		require.NoError(t, err)
		require.Empty(t, again.ChangeSetID, "a push is undone once")
		bundles.faults = 0 // of the one that runs then
		require.Equal(t, aegis.StatePromoted, b.end(t, undo.ChangeSetID).PromotionState)
		require.Equal(t, "one", b.store.running.Digest)
		require.NotEqual(t, first.ChangeSetID, b.store.running.ChangeSetID)
	})
	t.Run("leaves alone what denies, and what nobody pushed", func(t *testing.T) {
		t.Parallel()
		b, _ := newAiling()
		for range 2 {
			undo, err := b.door.RevertPolicy(t.Context())
			require.NoError(t, err)
			require.Empty(t, undo.ChangeSetID)
			b.ship(t, push("freeze"))
			b.gate.result = denyAll()
		}
		require.Equal(t, "freeze", b.store.running.Digest)
	})
	t.Run("a rule that denies the undoing stands", func(t *testing.T) {
		t.Parallel()
		b, bundles := newAiling()
		b.ship(t, push("one"))
		bundles.faults = 1
		b.gate.result = aegis.GateResult{
			Deny: append(denyAll().Deny, unanswered.Deny...), Warn: []aegis.RuleResult{},
		}
		undo, err := b.door.RevertPolicy(t.Context())
		require.NoError(t, err)
		require.Equal(t, aegis.StateDenied, b.end(t, undo.ChangeSetID).PromotionState)
	})
	t.Run("no other bundle passes a gate that gives no answers", func(t *testing.T) {
		t.Parallel()
		b, _ := newAiling()
		b.ship(t, push("one"))
		b.gate.result = unanswered
		require.Equal(t, aegis.StateDenied, b.ship(t, push("two")).PromotionState)
	})
}

func TestShadowDecisions(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.gate.result = allow(false, 0)
	b.gate.beside = &rules{world: b.world, result: denyAll()}
	b.gate.beside.result.BundleRevision = "candidate"
	b.addStack(eu, `{"size":1}`)
	id := b.propose(t, patch(`{"size":3}`, eu))
	b.drain(t)
	cs, err := b.store.ChangeSet(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, aegis.StatePromoted, cs.PromotionState, "a shadow decides nothing")
	require.Len(t, b.store.decisions, 2)
	live, shadow := b.store.decisions[0], b.store.decisions[1]
	require.Equal(t, cs.DecisionID, live.DecisionID)
	require.False(t, live.Shadow)
	require.True(t, shadow.Shadow)
	require.False(t, shadow.Allowed)
	require.Equal(t, "candidate", shadow.BundleRevision)
	require.Equal(t, live.InputDigest, shadow.InputDigest, "both judged the same input")
	require.False(t, b.gate.inputs[0].Now.IsZero(), "rules are told the time")
}
