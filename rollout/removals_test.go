package rollout_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// account is a direct engine over resources that no stack manages.
type account struct {
	mu    sync.Mutex
	keys  []string
	stuck bool // removing has no effect
}

func (a *account) Preview(_ context.Context, run aegis.StackRun) (aegis.Plan, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := aegis.Plan{StackID: run.Stack.StackID, ResourceCount: run.Stack.ResourceCount, Digest: "none"}
	for _, r := range run.Removals {
		if slices.Contains(a.keys, r.Key()) {
			p.Changes = append(p.Changes, aegis.ResourceChange{
				StackID: run.Stack.StackID, Address: r.Address(), Type: r.Type, Region: r.Region, Action: aegis.ActionDelete, Before: r.Attributes,
			})
			p.Digest += r.Key()
		}
	}
	return p, nil
}

func (a *account) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	p, err := a.Preview(ctx, run)
	return aegis.Observation{StackID: p.StackID, Drift: p.Changes, ResourceCount: p.ResourceCount}, err
}

func (a *account) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	p, err := a.Preview(ctx, run)
	if err == nil && p.Digest != digest {
		err = aegis.ErrDigestMismatch
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range run.Removals {
		if err == nil && !a.stuck {
			a.keys = slices.DeleteFunc(a.keys, func(k string) bool { return k == r.Key() })
		}
	}
	return aegis.ApplyResult{StackID: p.StackID, ResourceCount: p.ResourceCount}, err
}

func (a *account) Repair(context.Context, aegis.StackRun) ([]string, error) { return nil, nil }

func TestRemovals(t *testing.T) {
	t.Parallel()
	rule := aegis.CloudResource{
		StackID: eu, Type: "aws_vpc_security_group_ingress_rule", ID: "sgr-1", Region: "eu-west-1", ParentType: "aws_security_group", ParentID: "sg-1",
		Attributes: map[string]any{"from_port": 22.0},
	}
	removal := aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: "drift", Target: aegis.Target{Kind: aegis.TargetAWSResource}, Removals: []aegis.CloudResource{rule},
	}
	bench := func(a *account) *bench {
		b := newBench()
		config := b.config()
		config.Direct = a
		b.door = rollout.New(config)
		return b
	}
	t.Run("take away what no stack manages, and nothing of the stack", func(t *testing.T) {
		t.Parallel()
		a := &account{keys: []string{rule.Key(), "another"}}
		b := bench(a)
		cs := b.run(t, removal)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, []string{"another"}, a.keys)
		require.Equal(t, []string{eu}, cs.Target.StackIDs)
		require.Equal(t, aegis.ActionDelete, cs.Diff[0].Action)
		require.Empty(t, b.world.applies)
		require.Len(t, b.store.revisions[eu], 1)
	})
	t.Run("of what is gone meanwhile end at once", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, aegis.StatePromoted, bench(&account{}).run(t, removal).PromotionState)
	})
	t.Run("that have no effect fail, for there is no way back", func(t *testing.T) {
		t.Parallel()
		cs := bench(&account{keys: []string{rule.Key()}, stuck: true}).run(t, removal)
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
	})
	t.Run("that policy denies take nothing away", func(t *testing.T) {
		t.Parallel()
		a := &account{keys: []string{rule.Key()}}
		b := bench(a)
		b.gate.result.Deny = []aegis.RuleResult{{Code: "no"}}
		require.Equal(t, aegis.StateDenied, b.run(t, removal).PromotionState)
		require.Len(t, a.keys, 1)
	})
	for name, c := range map[string]struct {
		change func(*aegis.AutonomousChangeSet)
		field  string
	}{
		"of a goal":                  {func(cs *aegis.AutonomousChangeSet) { cs.Source = aegis.SourceGoal }, "source"},
		"with a patch":               {func(cs *aegis.AutonomousChangeSet) { cs.Patches = []aegis.SpecPatch{{StackID: eu}} }, "patches"},
		"of nothing":                 {func(cs *aegis.AutonomousChangeSet) { cs.Removals, cs.Target.StackIDs = nil, []string{eu} }, "removals"},
		"without an id":              {func(cs *aegis.AutonomousChangeSet) { cs.Removals[0].ID = "" }, "removals.0"},
		"of another stack":           {func(cs *aegis.AutonomousChangeSet) { cs.Target.StackIDs = []string{us} }, "removals.0.stack_id"},
		"of one resource twice":      {func(cs *aegis.AutonomousChangeSet) { cs.Removals = append(cs.Removals, cs.Removals[0]) }, "removals.1"},
		"of a stack that is unknown": {func(cs *aegis.AutonomousChangeSet) { cs.Removals[0].StackID = "a.b.c" }, "target.stack_ids"},
	} {
		t.Run(name+" are refused", func(t *testing.T) {
			t.Parallel()
			b := bench(&account{})
			cs := removal
			cs.Removals = slices.Clone(removal.Removals)
			c.change(&cs)
			_, err := b.door.Propose(t.Context(), cs)
			var invalid *aegis.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.True(t, slices.ContainsFunc(invalid.Faults, func(f aegis.FieldFault) bool { return f.Field == c.field }), err.Error())
			require.Empty(t, b.store.rows)
		})
	}
}
