package rollout_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// shipped knows bundles by their digests: one that begins with "bad" can't
// run, one with "dumb" fails on history, one with "mute" beside live decisions
// and one with "late" once it decides.
type shipped struct{ assessed []string }

func (s *shipped) Assess(_ context.Context, digest, base string) (aegis.PolicyAssessment, error) {
	s.assessed = append(s.assessed, digest)
	if strings.HasPrefix(digest, "bad") {
		return aegis.PolicyAssessment{}, aegis.Invalid("bundle", "gate.rego:3:1: rego_parse_error")
	}
	found := aegis.PolicyAssessment{
		Change: aegis.PolicyChange{Revision: "r-" + digest, SignedBy: "ops"},
		Diff: []aegis.ResourceChange{{
			Address: "aegis/gate/gate.rego", Type: "policy_module", Action: aegis.ActionUpdate,
			Before: map[string]any{"sha256": base}, After: map[string]any{"sha256": digest},
		}},
	}
	if strings.HasPrefix(digest, "dumb") {
		found.Change.Simulation = aegis.PolicyReplay{Evaluated: 9, Errors: 2, FirstError: "policy_timeout: too slow"}
	}
	return found, nil
}

func (s *shipped) Faults(_ context.Context, revision string, shadow bool, _ time.Time) (aegis.PolicyFaults, error) {
	faulty := "r-late"
	if shadow {
		faulty = "r-mute"
	}
	if strings.HasPrefix(revision, faulty) {
		return aegis.PolicyFaults{Evaluated: 3, Faults: 1, First: "policy_undefined"}, nil
	}
	return aegis.PolicyFaults{Evaluated: 3, Differ: 1}, nil
}

func operator() aegis.Principal { return aegis.Principal{Name: "olga", Role: aegis.RoleOperator} }

func push(digest string) aegis.BundleProposal {
	return aegis.BundleProposal{Digest: digest, Source: aegis.SourceOperator, Summary: "push " + digest}
}

// newShipping is a bench whose rules allow all, with that soak.
func newShipping(soak int) *bench {
	b := newBench()
	b.gate.result = allow(false, soak)
	config := b.config()
	config.Bundles = &shipped{}
	b.door = rollout.New(config)
	return b
}

// ship proposes a bundle and works until nothing is left to do.
func (b *bench) ship(t *testing.T, p aegis.BundleProposal) aegis.AutonomousChangeSet {
	t.Helper()
	cs, err := b.door.ProposeBundle(t.Context(), operator(), p)
	require.NoError(t, err)
	return b.end(t, cs.ChangeSetID)
}

func (b *bench) end(t *testing.T, id string) aegis.AutonomousChangeSet {
	t.Helper()
	for job, ok := b.store.nextJob(); ok; job, ok = b.store.nextJob() {
		require.NoError(t, b.door.Step(t.Context(), job.id, job.version))
	}
	cs, err := b.store.ChangeSet(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, aegis.PhaseDone, cs.Phase)
	require.Empty(t, b.store.leases)
	require.Empty(t, b.store.running.Shadow)
	return cs
}

func TestBundlePromotion(t *testing.T) {
	t.Parallel()
	b := newShipping(6)
	cs := b.ship(t, push("one"))
	require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
	require.Equal(t, "one", b.store.running.Digest)
	require.Equal(t, cs.ChangeSetID, b.store.running.ChangeSetID)
	require.Equal(t, aegis.EmbeddedBundle, cs.Policy.Base)
	require.Equal(t, "passed", cs.CanaryResult.Outcome)
	require.Equal(t, "judged 3 beside the running bundle: 1 otherwise, 0 without an answer", cs.CanaryResult.Checks[0].Message)
	require.Equal(t, "one", cs.PlanDigests["policy_bundle"])
	require.Empty(t, cs.Target.StackIDs)
	require.Equal(t, cs.Policy.Revision, b.gate.inputs[0].Policy.Revision, "the rules see input.policy")
	require.Equal(t, aegis.TargetPolicyBundle, b.gate.inputs[0].ChangeSet.Target.Kind)
	shadowed := false
	for _, step := range b.store.commits {
		shadowed = shadowed || step.Policy != nil && step.Policy.Next.Shadow == "one" && step.Policy.Next.Digest == aegis.EmbeddedBundle
	}
	require.True(t, shadowed, "it was judged beside the running one first")
}

func TestBundleRefusals(t *testing.T) {
	t.Parallel()
	for digest, want := range map[string]struct {
		state aegis.PromotionState
		said  string
	}{
		"bad":  {aegis.StateFailed, "gate.rego:3:1"},
		"dumb": {aegis.StateRolledBack, "no answer for 2 of 9 recorded decisions: policy_timeout"},
		"mute": {aegis.StateRolledBack, "no answer for 1 of 3 decisions: policy_undefined"},
		"late": {aegis.StateRolledBack, "no answer for 1 of 3 decisions"},
	} {
		t.Run(digest, func(t *testing.T) {
			t.Parallel()
			b := newShipping(2)
			first := b.ship(t, push("one"))
			cs := b.ship(t, push(digest))
			require.Equal(t, want.state, cs.PromotionState)
			require.Contains(t, cs.Error, want.said)
			require.Equal(t, "one", b.store.running.Digest)
			require.Equal(t, first.ChangeSetID, b.store.running.ChangeSetID)
		})
	}
	t.Run("the running rules deny it", func(t *testing.T) {
		t.Parallel()
		b := newShipping(2)
		b.gate.result = denyAll()
		cs := b.ship(t, push("one"))
		require.Equal(t, aegis.StateDenied, cs.PromotionState)
		require.Equal(t, aegis.EmbeddedBundle, b.store.running.Digest)
	})
	t.Run("it was composed with a bundle that runs no more", func(t *testing.T) {
		t.Parallel()
		b := newShipping(0)
		b.ship(t, push("one"))
		late := push("two")
		late.ComposedOn = aegis.EmbeddedBundle
		cs := b.ship(t, late)
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Contains(t, cs.Error, "push it again")
	})
	t.Run("agents, viewers and submitters may not propose one", func(t *testing.T) {
		t.Parallel()
		b := newShipping(0)
		for _, role := range []aegis.Role{aegis.RoleAgent, aegis.RoleViewer, aegis.RoleSubmitter, ""} {
			_, err := b.door.ProposeBundle(t.Context(), aegis.Principal{Name: "a", Role: role}, push("one"))
			require.ErrorIs(t, err, aegis.ErrForbidden)
			_, err = b.door.RollbackBundle(t.Context(), aegis.Principal{Name: "a", Role: role})
			require.ErrorIs(t, err, aegis.ErrForbidden)
		}
	})
	t.Run("no other proposal may name the kind", func(t *testing.T) {
		t.Parallel()
		b := newShipping(0)
		in := patch(`{}`, eu)
		in.Target.Kind, in.Policy = aegis.TargetPolicyBundle, &aegis.PolicyChange{Digest: "one"}
		_, err := b.door.Propose(t.Context(), in)
		require.ErrorIs(t, err, aegis.ErrInvalid)
	})
}

func TestBundleRollback(t *testing.T) {
	t.Parallel()
	b := newShipping(1)
	back := func() aegis.AutonomousChangeSet {
		cs, err := b.door.RollbackBundle(t.Context(), operator())
		require.NoError(t, err)
		cs = b.end(t, cs.ChangeSetID)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		return cs
	}
	for _, digest := range []string{"one", "two", "three"} {
		b.ship(t, push(digest))
	}
	for _, want := range []string{"two", "one", aegis.EmbeddedBundle} {
		cs := back()
		require.Equal(t, want, b.store.running.Digest, "each goes one further back")
		require.Equal(t, aegis.SourceRollback, cs.Source)
	}
	_, err := b.door.RollbackBundle(t.Context(), operator())
	require.ErrorIs(t, err, aegis.ErrConflict)
	again := b.ship(t, push("four"))
	undo, err := b.door.Rollback(t.Context(), again.ChangeSetID, "olga")
	require.NoError(t, err)
	b.end(t, undo.ChangeSetID)
	require.Equal(t, aegis.EmbeddedBundle, b.store.running.Digest)
	_, err = b.door.Rollback(t.Context(), again.ChangeSetID, "olga")
	require.ErrorIs(t, err, aegis.ErrConflict, "it runs no more")
}

func TestBundleCancel(t *testing.T) {
	t.Parallel()
	for phase, want := range map[aegis.Phase]aegis.PromotionState{
		aegis.PhasePlan: aegis.StateCancelled, aegis.PhaseGate: aegis.StateCancelled,
		aegis.PhaseCanary: aegis.StateCancelled, aegis.PhaseApply: aegis.StateCancelled, aegis.PhaseVerify: aegis.StateRolledBack,
	} {
		t.Run(fmt.Sprintf("in %s it ends %s", phase, want), func(t *testing.T) {
			t.Parallel()
			b := newShipping(3)
			cs, err := b.door.ProposeBundle(t.Context(), operator(), push("one"))
			require.NoError(t, err)
			for cs.Phase != phase {
				job, ok := b.store.nextJob()
				require.True(t, ok)
				require.NoError(t, b.door.Step(t.Context(), job.id, job.version))
				cs, err = b.store.ChangeSet(t.Context(), cs.ChangeSetID)
				require.NoError(t, err)
			}
			require.NoError(t, b.door.Cancel(t.Context(), cs.ChangeSetID, "olga"))
			require.Equal(t, want, b.end(t, cs.ChangeSetID).PromotionState)
			require.Equal(t, aegis.EmbeddedBundle, b.store.running.Digest)
		})
	}
}
