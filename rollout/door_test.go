package rollout_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// bench is a door on its fakes.
type bench struct {
	store  *memStore
	world  *world
	gate   *rules
	checks *checks
	door   *rollout.Door
}

const (
	us = "sandbox.runtime.us-east-1"
	eu = "sandbox.runtime.eu-west-1"
	ap = "sandbox.runtime.ap-southeast-1"
)

// newBench has three clean stacks of one layer, each with parameters
// {"ssm_parameter-a":"1","ssm_parameter-b":"1"}.
func newBench() *bench {
	b := &bench{store: newMemStore(), world: newWorld(), checks: &checks{}}
	b.gate = &rules{world: b.world, result: allow(false, 0)}
	b.door = rollout.New(b.config())
	for _, id := range []string{us, eu, ap} {
		b.addStack(id, `{"ssm_parameter-a":"1","ssm_parameter-b":"1"}`)
	}
	return b
}

func (b *bench) config() rollout.Config {
	return rollout.Config{
		Store: b.store, Engine: b.world, Gate: b.gate, Pricer: prices{}, Checker: b.checks, Specs: anySpec{},
		Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"}, Now: b.store.now,
	}
}

func allow(canary bool, soak int) aegis.GateResult {
	return aegis.GateResult{
		Deny: []aegis.RuleResult{}, Require: aegis.Requirements{Canary: canary, SoakSeconds: soak},
		ExecutionPolicy: aegis.ExecutionPolicy{RollbackPolicy: aegis.RollbackPolicy{Automatic: true}}, BundleRevision: "r1",
	}
}

func denyAll() aegis.GateResult {
	return aegis.GateResult{Deny: []aegis.RuleResult{{Code: "no", Msg: "never"}}}
}

// addStack adds a clean stack at revision 1, or a pending one for "".
func (b *bench) addStack(id, parameters string) {
	name, err := aegis.ParseStackID(id)
	if err != nil {
		panic(err)
	}
	stack := &aegis.Stack{
		StackID: id, Kind: aegis.TargetPulumiStack, Environment: name.Environment, Layer: name.Layer, Region: name.Region,
		State: aegis.StackPending,
	}
	b.store.stacks[id] = stack
	if parameters == "" {
		return
	}
	stack.State, stack.Revision = aegis.StackClean, 1
	b.store.revisions[id] = []aegis.SpecRevision{{StackID: id, Revision: 1, Spec: aegis.Spec{
		Version: 1, Environment: name.Environment, Layer: name.Layer, Region: name.Region, Parameters: json.RawMessage(parameters),
	}}}
	b.world.real[id] = parametersOf(b.store.revisions[id][0])
}

func parametersOf(r aegis.SpecRevision) map[string]any {
	out := map[string]any{}
	if err := json.Unmarshal(r.Spec.Parameters, &out); err != nil {
		panic(err)
	}
	return out
}

// patch is a proposal that merges one document into stacks at revision 1.
func patch(merge string, ids ...string) aegis.AutonomousChangeSet {
	cs := aegis.AutonomousChangeSet{
		Source: aegis.SourceGoal, Actor: "planner", Summary: "test", Target: aegis.Target{Kind: aegis.TargetPulumiStack},
	}
	for _, id := range ids {
		cs.Patches = append(cs.Patches, aegis.SpecPatch{StackID: id, BaseRevision: 1, MergePatch: json.RawMessage(merge)})
	}
	return cs
}

func (b *bench) propose(t *testing.T, cs aegis.AutonomousChangeSet) string {
	t.Helper()
	got, err := b.door.Propose(t.Context(), cs)
	require.NoError(t, err)
	return got.ChangeSetID
}

// drain runs jobs, and the reaper, until all change sets are done.
func (b *bench) drain(t *testing.T) {
	t.Helper()
	for range 10_000 {
		job, ok := b.store.nextJob()
		if ok {
			require.NoError(t, b.door.Step(t.Context(), job.id, job.version))
			continue
		}
		if len(b.store.open()) == 0 {
			return
		}
		b.store.advance(40 * time.Second)
		_, err := b.door.Reap(t.Context())
		require.NoError(t, err)
	}
	require.Fail(t, "the pipeline does not come to an end")
}

// steps runs n jobs.
func (b *bench) steps(t *testing.T, n int) {
	t.Helper()
	for range n {
		job, ok := b.store.nextJob()
		require.True(t, ok, "there is no job")
		require.NoError(t, b.door.Step(t.Context(), job.id, job.version))
	}
}

// until runs jobs until the change set is in the phase.
func (b *bench) until(t *testing.T, id string, phase aegis.Phase) {
	t.Helper()
	for range 100 {
		if b.get(t, id).Phase == phase {
			return
		}
		b.steps(t, 1)
	}
	require.Fail(t, "never reached "+string(phase))
}

func (b *bench) get(t *testing.T, id string) aegis.AutonomousChangeSet {
	t.Helper()
	cs, err := b.store.ChangeSet(t.Context(), id)
	require.NoError(t, err)
	return cs
}

// run proposes and drains.
func (b *bench) run(t *testing.T, cs aegis.AutonomousChangeSet) aegis.AutonomousChangeSet {
	t.Helper()
	id := b.propose(t, cs)
	b.drain(t)
	b.sound(t)
	return b.get(t, id)
}

// sound checks what holds at every end.
func (b *bench) sound(t require.TestingT) {
	require.Empty(t, b.world.violations)
	require.Empty(t, b.store.leases, "stacks are given back")
	for _, a := range b.store.accounts {
		require.InDelta(t, 0, a.ReservedUSD, 1e-9, "nothing stays reserved")
	}
	for id, list := range b.store.revisions {
		require.Equal(t, int64(len(list)), b.store.stacks[id].Revision)
		if b.store.stacks[id].State == aegis.StackClean {
			require.Equal(t, parametersOf(list[len(list)-1]), b.world.get(id), "a clean stack is as its spec")
		}
	}
}

func TestPromotion(t *testing.T) {
	t.Parallel()
	t.Run("applies a change of one stack and writes its revision", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState)
		require.Empty(t, cs.Error)
		require.Equal(t, "2", b.world.get(eu)["ssm_parameter-a"])
		require.Equal(t, "1", b.world.get(us)["ssm_parameter-a"])
		require.Equal(t, int64(2), cs.Progress[0].AppliedRevision)
		require.Len(t, b.store.decisions, 1)
		require.Equal(t, cs.DecisionID, b.store.decisions[0].DecisionID)
		require.JSONEq(t, `{"ssm_parameter-a":"1"}`, string(cs.Inverse[0].MergePatch))
		require.Equal(t, []string{eu}, b.world.applies)
	})
	t.Run("tries the last region first and the primary last", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result = allow(true, 6)
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, us, eu, ap))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState)
		require.Equal(t, []string{ap, eu, us}, b.world.applies)
		require.Equal(t, "passed", cs.CanaryResult.Outcome)
		require.Equal(t, 6, cs.CanaryResult.SoakSeconds)
	})
	t.Run("writes the revision of a change without a difference", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.set(eu, "ssm_parameter-a", "2")
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState)
		require.Len(t, b.store.revisions[eu], 2)
		require.Empty(t, b.world.applies)
		require.Empty(t, b.store.decisions)
	})
	t.Run("bootstraps pending stacks without a canary", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		ids := []string{"sandbox.data.us-east-1", "sandbox.data.eu-west-1"}
		for _, id := range ids {
			b.addStack(id, "")
		}
		b.gate.result = allow(true, 0)
		cs := patch(`{"ssm_parameter-x":"1"}`, ids...)
		cs.Source = aegis.SourceBootstrap
		cs.Patches[0].BaseRevision, cs.Patches[1].BaseRevision = 0, 0
		got := b.run(t, cs)
		require.Equal(t, aegis.StatePromoted, got.PromotionState)
		require.Nil(t, got.CanaryResult)
		require.Len(t, b.store.revisions[ids[0]], 1)
		require.Equal(t, aegis.StackClean, b.store.stacks[ids[0]].State)
		require.InDelta(t, 2, b.store.accounts["estate"].SpentUSD, 1e-9)
	})
	t.Run("settles the goal and adds up its times", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result = allow(false, 9)
		in := patch(`{"ssm_parameter-a":"2"}`, eu)
		in.GoalID = "goal-1"
		cs := b.run(t, in)
		require.Equal(t, []string{"goal-1"}, b.store.settled)
		var waited int64
		for _, s := range b.store.traces[cs.TraceID] {
			waited += s.WaitMS
			require.LessOrEqual(t, s.WaitMS+s.EngineMS, s.DurationMS)
		}
		require.Equal(t, int64(9000), waited)
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("a denial changes nothing and names its rule", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result = denyAll()
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StateDenied, cs.PromotionState)
		require.Equal(t, "no", cs.Denials[0].Code)
		require.Contains(t, cs.Error, "no: never")
		require.Empty(t, b.world.applies)
		require.Equal(t, aegis.StackClean, b.store.stacks[eu].State)
	})
	t.Run("a gate without an answer denies", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result = aegis.GateResult{}
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StateDenied, cs.PromotionState)
		require.Equal(t, "policy_undefined", cs.Denials[0].Code)
	})
	t.Run("an open breaker denies", func(t *testing.T) {
		t.Parallel()
		for _, brk := range []aegis.Breaker{
			{Scope: aegis.BreakerStack, Key: eu, Open: true},
			{Scope: aegis.BreakerRegion, Key: "eu-west-1", Open: true},
			{Scope: aegis.BreakerAgent, Key: "planner", Open: true},
		} {
			b := newBench()
			b.store.breakers = []aegis.Breaker{brk}
			cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
			require.Equal(t, aegis.StateDenied, cs.PromotionState)
			require.Equal(t, "breaker_open", cs.Denials[0].Code)
		}
	})
	t.Run("an expired breaker and one of another stack do not", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		past := b.store.clock.Add(-time.Second)
		b.store.breakers = []aegis.Breaker{
			{Scope: aegis.BreakerStack, Key: eu, Open: true, ExpiresAt: &past},
			{Scope: aegis.BreakerStack, Key: us, Open: true},
			{Scope: aegis.BreakerStack, Key: eu},
		}
		require.Equal(t, aegis.StatePromoted, b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu)).PromotionState)
	})
	t.Run("too much risk is denied", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.addStack(eu, `{"s3_bucket-a":"1"}`)
		in := patch(`{"s3_bucket-a":null}`, eu)
		in.RiskTolerance = aegis.RiskLow
		cs := b.run(t, in)
		require.Equal(t, aegis.StateDenied, cs.PromotionState)
		require.Equal(t, "risk_exceeds_tolerance", cs.Denials[0].Code)
		require.Equal(t, []string{"s3_bucket-a"}, cs.Irreversible)
	})
	t.Run("too little money is denied, for the goal and for the estate", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		in := patch(`{"ssm_parameter-c":"1","ssm_parameter-d":"1"}`, eu)
		in.GoalID, in.Budget = "goal-1", &aegis.Budget{USDMonth: new(1.5)}
		cs := b.run(t, in)
		require.Equal(t, "budget_exceeded", cs.Denials[0].Code)
		b.store.accounts["estate"] = &aegis.BudgetAccount{Scope: "estate", LimitUSD: 10, SpentUSD: 9}
		cs = b.run(t, patch(`{"ssm_parameter-c":"1","ssm_parameter-d":"1"}`, eu))
		require.Equal(t, "budget_exceeded", cs.Denials[0].Code)
		cs = b.run(t, patch(`{"ssm_parameter-c":"1"}`, eu))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState)
		require.InDelta(t, 10, b.store.accounts["estate"].SpentUSD, 1e-9)
	})
	t.Run("a change outside the granted policy is denied", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.gate.result.ExecutionPolicy.NetworkScope.Regions = []string{"us-east-1"}
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, "execution_policy_exceeded", cs.Denials[0].Code)
	})
}

func TestBaseRevision(t *testing.T) {
	t.Parallel()
	t.Run("disjoint patches of one base both hold", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		first, second := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu)), b.propose(t, patch(`{"ssm_parameter-b":"3"}`, eu))
		b.drain(t)
		b.sound(t)
		require.Equal(t, aegis.StatePromoted, b.get(t, first).PromotionState)
		require.Equal(t, aegis.StatePromoted, b.get(t, second).PromotionState)
		require.Equal(t, map[string]any{"ssm_parameter-a": "2", "ssm_parameter-b": "3"}, b.world.get(eu))
	})
	t.Run("of overlapping ones the second is refused", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		first, second := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu)), b.propose(t, patch(`{"ssm_parameter-a":"3"}`, eu))
		b.drain(t)
		b.sound(t)
		require.Equal(t, aegis.StatePromoted, b.get(t, first).PromotionState)
		cs := b.get(t, second)
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Contains(t, cs.Error, "conflict")
		require.Contains(t, cs.Error, "both change ssm_parameter-a")
		require.Equal(t, "2", b.world.get(eu)["ssm_parameter-a"])
	})
	t.Run("a plan that changed before the apply is judged anew", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		id := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		b.until(t, id, aegis.PhaseApply)
		b.world.set(eu, "ssm_parameter-b", "rogue")
		b.drain(t)
		b.sound(t)
		require.Equal(t, aegis.StatePromoted, b.get(t, id).PromotionState)
		require.Len(t, b.store.decisions, 2)
	})
	t.Run("a plan that never holds still ends", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		n := 0
		b.world.before = func(op, id string) error {
			if op == "apply" {
				n++
				b.world.set(id, "ssm_parameter-b", n)
			}
			return nil
		}
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Empty(t, b.store.breakers, "nothing was applied")
	})
}

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

func TestProposeRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*aegis.AutonomousChangeSet)
		field  string
	}{
		"an unknown source":            {func(cs *aegis.AutonomousChangeSet) { cs.Source = "x" }, "source"},
		"no actor":                     {func(cs *aegis.AutonomousChangeSet) { cs.Actor = "" }, "actor"},
		"a kind of a later version":    {func(cs *aegis.AutonomousChangeSet) { cs.Target.Kind = aegis.TargetGameWorld }, "target.kind"},
		"a kind that the stack is not": {func(cs *aegis.AutonomousChangeSet) { cs.Target.Kind = aegis.TargetTerraformWorkspace }, "target.kind"},
		"an unknown stack":             {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].StackID = "a.b.c" }, "target.stack_ids"},
		"a pending stack":              {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].StackID = "sandbox.edge.us-east-1" }, "target.stack_ids"},
		"stacks of two layers": {func(cs *aegis.AutonomousChangeSet) {
			cs.Patches = append(cs.Patches, aegis.SpecPatch{StackID: "sandbox.network.us-east-1", BaseRevision: 1})
		}, "target.stack_ids"},
		"a stack twice": {func(cs *aegis.AutonomousChangeSet) { cs.Patches = append(cs.Patches, cs.Patches[0]) }, "target.stack_ids"},
		"no patches":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches = nil }, "target.stack_ids"},
		"a stack without its patch": {func(cs *aegis.AutonomousChangeSet) {
			cs.Target.StackIDs = []string{eu, us}
		}, "patches"},
		"a patch that is no object": {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`[1]`) }, "patches.0.merge_patch"},
		"a patch that is no JSON":   {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`{`) }, "patches.0.merge_patch"},
		"a patch of null":           {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`null`) }, "patches.0.merge_patch"},
		"a spec that is not valid":  {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`{"bad":1}`) }, "parameters.bad"},
		"a base that is to come":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].BaseRevision = 2 }, "patches.base_revision"},
		"a negative base":           {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].BaseRevision = -1 }, "patches.0.base_revision"},
		"an unknown tolerance":      {func(cs *aegis.AutonomousChangeSet) { cs.RiskTolerance = "none" }, "risk_tolerance"},
		"a negative budget":         {func(cs *aegis.AutonomousChangeSet) { cs.Budget = &aegis.Budget{USDMonth: new(-1.0)} }, "budget.usd_month"},
		"a removal with a patch":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].Destroy = true }, "patches.0.merge_patch"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			b.addStack("sandbox.network.us-east-1", `{}`)
			b.addStack("sandbox.edge.us-east-1", "")
			cs := patch(`{"ssm_parameter-a":"2"}`, eu)
			c.change(&cs)
			_, err := b.door.Propose(t.Context(), cs)
			var invalid *aegis.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.True(t, slices.ContainsFunc(invalid.Faults, func(f aegis.FieldFault) bool { return f.Field == c.field }), err.Error())
			require.Empty(t, b.store.rows)
		})
	}
}

func TestProposeKeepsOnlyWhatProposersMaySay(t *testing.T) {
	t.Parallel()
	b := newBench()
	in := patch(`{"ssm_parameter-a":"2"}`, us, eu)
	in.PromotionState, in.Phase, in.RiskScore, in.Version = aegis.StatePromoted, aegis.PhaseVerify, 7, 99
	in.ExecutionPolicy = &aegis.ExecutionPolicy{}
	in.Target.Regions = []string{"mars"}
	cs, err := b.door.Propose(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, []string{eu, us}, cs.Target.StackIDs)
	require.Equal(t, []string{"eu-west-1", "us-east-1"}, cs.Target.Regions)
	require.Equal(t, aegis.StateProposed, cs.PromotionState)
	require.Equal(t, aegis.PhasePlan, cs.Phase)
	require.Equal(t, int64(1), cs.Version)
	require.Zero(t, cs.RiskScore)
	require.Nil(t, cs.ExecutionPolicy)
	require.NotEmpty(t, cs.TraceID)
}

func TestStepOfAStaleVersionDoesNothing(t *testing.T) {
	t.Parallel()
	b := newBench()
	id := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
	require.NoError(t, b.door.Step(context.WithoutCancel(t.Context()), id, 7))
	require.Equal(t, int64(1), b.get(t, id).Version)
	require.Error(t, b.door.Step(t.Context(), "cs-none", 1))
}
