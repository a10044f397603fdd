package rollout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

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
	t.Run("finishes a stack whose resources are all there", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		id := "sandbox.data.us-east-1"
		b.addStack(id, "")
		b.world.set(id, "ssm_parameter-x", "1")
		cs := patch(`{"ssm_parameter-x":"1"}`, id)
		cs.Source, cs.Patches[0].BaseRevision = aegis.SourceBootstrap, 0
		got := b.run(t, cs)
		require.Equal(t, aegis.StatePromoted, got.PromotionState)
		require.Equal(t, []string{id}, b.world.applies, "others read its outputs")
		require.Len(t, b.store.revisions[id], 1)
		require.Len(t, b.store.decisions, 1)
	})
	t.Run("applies a change of outputs alone", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.outputs = true
		b.world.set(eu, "ssm_parameter-a", "2")
		cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState)
		require.Equal(t, []string{eu}, b.world.applies, "others read them")
		require.Len(t, b.store.revisions[eu], 2)
		require.Len(t, b.store.decisions, 1)
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

func TestDriftCorrection(t *testing.T) {
	t.Parallel()
	drifted := aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: "drift", Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{eu}},
	}
	t.Run("brings the stack back without a new revision or cost", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.real[eu] = map[string]any{"ssm_parameter-a": "rogue", "ssm_parameter-z": "new"}
		b.store.accounts["estate"] = &aegis.BudgetAccount{Scope: "estate", LimitUSD: 5, SpentUSD: 5}
		cs := b.run(t, drifted)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Len(t, b.store.revisions[eu], 1)
		require.Empty(t, cs.Inverse)
		require.Empty(t, cs.InverseDiff, "drift is not to come back")
		require.InDelta(t, 5, b.store.accounts["estate"].SpentUSD, 1e-9)
		require.Equal(t, aegis.StackClean, b.store.stacks[eu].State)
	})
	t.Run("has no way back, so that its failure opens the breaker", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.world.real[eu] = map[string]any{"ssm_parameter-a": "rogue", "ssm_parameter-b": "1"}
		b.checks.red = func(string) bool { return true }
		cs := b.run(t, drifted)
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Contains(t, cs.Error, "no inverse")
		require.Len(t, b.store.breakers, 1)
		require.Equal(t, "1", b.world.get(eu)["ssm_parameter-a"])
	})
	t.Run("of nothing is promoted at once", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.store.stacks[eu].State = aegis.StackDrifted
		require.Equal(t, aegis.StatePromoted, b.run(t, drifted).PromotionState)
		require.Equal(t, aegis.StackClean, b.store.stacks[eu].State)
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
