package rollout_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

const drifting = "ssm_parameter-a"

// adoption patches the spec of eu to what is real at the addresses.
func adoption(merge string, addresses ...string) aegis.AutonomousChangeSet {
	return aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: "drift",
		Target:  aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{eu}, Addresses: addresses},
		Patches: []aegis.SpecPatch{{StackID: eu, BaseRevision: 1, MergePatch: json.RawMessage(merge)}},
	}
}

// meddled is a bench whose resource a was changed by somebody.
func meddled() *bench {
	b := newBench()
	b.world.real[eu] = map[string]any{drifting: "rogue", "ssm_parameter-b": "1"}
	b.store.stacks[eu].State = aegis.StackDrifted
	b.world.behind = map[string]map[string]any{eu: {drifting: "1", "ssm_parameter-b": "1"}}
	return b
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	t.Run("changes the spec and nothing else", func(t *testing.T) {
		t.Parallel()
		b := meddled()
		cs := b.run(t, adoption(`{"ssm_parameter-a":"rogue"}`, drifting))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, drifting, cs.Diff[0].Address, "what becomes desired")
		require.Equal(t, cs.Diff, b.gate.inputs[0].Diff, "policy judges it")
		require.Empty(t, b.world.written)
		require.Equal(t, "rogue", b.world.get(eu)[drifting])
		require.Equal(t, []string{eu}, b.world.applies, "the state is brought up to date")
		newest, err := b.store.SpecRevision(t.Context(), eu, 0)
		require.NoError(t, err)
		require.Equal(t, int64(2), newest.Revision)
		require.JSONEq(t, `{"ssm_parameter-a":"rogue","ssm_parameter-b":"1"}`, string(newest.Spec.Parameters))
		require.Equal(t, aegis.StackDrifted, b.store.stacks[eu].State, "of the rest nothing is known")
	})
	t.Run("is denied by policy as any change is", func(t *testing.T) {
		t.Parallel()
		b := meddled()
		b.gate.result = denyAll()
		cs := b.run(t, adoption(`{"ssm_parameter-a":"rogue"}`, drifting))
		require.Equal(t, aegis.StateDenied, cs.PromotionState)
		require.Empty(t, b.world.applies)
	})
	for name, test := range map[string]struct {
		merge string
		says  string
	}{
		"refuses what does not agree with reality": {`{"ssm_parameter-a":"other"}`, "would still update " + drifting + " value"},
		"refuses what would change more":           {`{"ssm_parameter-a":"rogue","ssm_parameter-b":"2"}`, "also update ssm_parameter-b"},
		"refuses what says nothing new":            {`{}`, "would still update"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := meddled()
			cs := b.run(t, adoption(test.merge, drifting))
			require.Equal(t, aegis.StateFailed, cs.PromotionState)
			require.Contains(t, cs.Error, test.says)
			require.Empty(t, b.world.applies)
			newest, err := b.store.SpecRevision(t.Context(), eu, 0)
			require.NoError(t, err)
			require.Equal(t, int64(1), newest.Revision)
		})
	}
	t.Run("needs the addresses", func(t *testing.T) {
		t.Parallel()
		_, err := newBench().door.Propose(t.Context(), adoption(`{"ssm_parameter-a":"rogue"}`))
		require.ErrorContains(t, err, "target.addresses")
	})
}

func TestCorrectionBesideWhatIsLeft(t *testing.T) {
	t.Parallel()
	narrowed := aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: "drift",
		Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{eu}, Addresses: []string{drifting}},
	}
	t.Run("changes what it names", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.real[eu] = map[string]any{drifting: "rogue", "ssm_parameter-b": "left"}
		cs := b.run(t, narrowed)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, map[string]any{drifting: "1", "ssm_parameter-b": "left"}, b.world.get(eu))
		require.Equal(t, aegis.StackDrifted, b.store.stacks[eu].State)
	})
	t.Run("is for one stack, by who corrects drift", func(t *testing.T) {
		t.Parallel()
		for _, change := range []func(*aegis.AutonomousChangeSet){
			func(cs *aegis.AutonomousChangeSet) { cs.Source = aegis.SourceReconcile },
			func(cs *aegis.AutonomousChangeSet) { cs.Target.StackIDs = append(cs.Target.StackIDs, us) },
			func(cs *aegis.AutonomousChangeSet) { cs.Target.Addresses = []string{""} },
		} {
			cs := narrowed
			change(&cs)
			_, err := newBench().door.Propose(t.Context(), cs)
			require.ErrorContains(t, err, "target.addresses")
		}
	})
	t.Run("lets other changes pass, which leave it, too", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.real[eu] = map[string]any{drifting: "1", "ssm_parameter-b": "1"}
		left := false
		b.world.before = func(op, _ string) error {
			if op == "refresh" && !left { // somebody changes b after the apply
				left = true
				b.world.set(eu, "ssm_parameter-b", "left")
			}
			return nil
		}
		b.store.left = []aegis.DriftRule{{RuleID: "drift-1", StackID: eu, Address: "ssm_parameter-b", Attribute: "value"}}
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, aegis.StackDrifted, b.store.stacks[eu].State)
	})
}
