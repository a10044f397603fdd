package drift_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestPolicyDecidesAboutDrift(t *testing.T) {
	t.Parallel()
	leave := func(attribute string, decision aegis.DriftDecision) func(aegis.DriftedAttribute) aegis.DriftDecision {
		return func(seen aegis.DriftedAttribute) aegis.DriftDecision {
			if seen.Attribute == attribute {
				return decision
			}
			return aegis.CorrectDrift
		}
	}
	for name, test := range map[string]struct {
		drifted  []aegis.ResourceChange
		decision func(aegis.DriftedAttribute) aegis.DriftDecision
		state    aegis.DriftState
		proposed bool
	}{
		"corrects by default":                   {[]aegis.ResourceChange{opened()}, nil, aegis.DriftOpen, true},
		"leaves what is to be reported":         {[]aegis.ResourceChange{opened()}, leave("ingress", aegis.ReportDrift), aegis.DriftReported, false},
		"leaves what is to be adopted":          {[]aegis.ResourceChange{opened()}, leave("ingress", aegis.AdoptDrift), aegis.DriftReported, false},
		"corrects what is beside it in a stack": {[]aegis.ResourceChange{opened(), tagged()}, leave("tags.owner", aegis.ReportDrift), aegis.DriftOpen, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := watched(t)
			e.drifted, e.decision = test.drifted, test.decision
			require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
			require.Equal(t, test.state, e.reports[0].State)
			require.Equal(t, test.proposed, len(e.sets) == 1)
			require.Equal(t, aegis.StackDrifted, e.stacks[0].State)
			require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
			require.Len(t, e.reports, len(test.drifted), "once is enough")
		})
	}
}

func TestMixedDecisions(t *testing.T) {
	t.Parallel()
	reportTags := func(seen aegis.DriftedAttribute) aegis.DriftDecision {
		if seen.Attribute == "tags.owner" {
			return aegis.ReportDrift
		}
		return aegis.CorrectDrift
	}
	t.Run("names the resources to correct", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.decision = []aegis.ResourceChange{opened(), tagged()}, reportTags
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 1)
		require.Equal(t, []string{"aws_security_group::web"}, e.sets[0].Target.Addresses)
		require.Equal(t, "cs", e.reports[0].ChangeSetID)
		require.Equal(t, aegis.DriftReported, e.reports[1].State)
		require.Empty(t, e.reports[1].ChangeSetID, "which the change set is not about")
	})
	t.Run("leaves what shares a resource, and says so", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		both := tagged()
		both.Before["cidr_block"], both.After["cidr_block"] = "10.0.0.0/16", "10.1.0.0/16"
		e.drifted, e.decision = []aegis.ResourceChange{both}, reportTags
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Empty(t, e.sets)
		require.Equal(t, "cidr_block", e.reports[0].Changes[0].Attribute)
		require.Equal(t, aegis.ReportDrift, e.reports[0].Changes[0].Decision)
		require.Contains(t, e.reports[0].Changes[0].Reason, "shares its resource with tags.owner")
	})
	t.Run("asks again once policy changed its mind", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.decision = []aegis.ResourceChange{tagged()}, reportTags
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.DriftReported, e.reports[0].State)
		e.decision = nil
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.DriftOpen, e.reports[0].State)
		require.Nil(t, e.reports[0].ResolvedAt)
		require.Len(t, e.sets, 1)
	})
	t.Run("waits long when the engine can't do it", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.decision = []aegis.ResourceChange{opened(), tagged()}, reportTags
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		e.sets[0].PromotionState = aegis.StateFailed
		e.now = e.now.Add(30 * time.Minute)
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 1)
		e.now = e.now.Add(31 * time.Minute)
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 2)
	})
}

func rule(address, attribute string) aegis.DriftRule {
	return aegis.DriftRule{RuleID: "rule-1", StackID: id, Address: address, Attribute: attribute}
}

func TestExpectedDrift(t *testing.T) {
	t.Parallel()
	t.Run("opens no report and is not corrected", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.rules = []aegis.DriftRule{rule("aws_vpc", "tags.*")}
		e.drifted = []aegis.ResourceChange{tagged()}
		for range 2 {
			require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		}
		require.Empty(t, e.reports)
		require.Empty(t, e.sets)
		require.Equal(t, aegis.StackClean, e.stacks[0].State)
		require.Equal(t, []aegis.ExpectedDrift{{
			Address: "aws_vpc::main", Type: "aws_vpc", Attribute: "tags.owner", Before: "net", After: "bob", RuleID: "rule-1",
		}}, e.seen[id].Expected)
		require.Equal(t, []string{"rule-1"}, e.met, "counted once")
	})
	t.Run("is kept by a look at something else", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.rules = []aegis.DriftRule{rule("aws_autoscaling_group", "max_size")}
		e.drifted = []aegis.ResourceChange{resized(), opened()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.reports, 1)
		require.Empty(t, e.sets[0].Target.Addresses, "Pulumi leaves plain values")
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		require.NoError(t, e.reconciler().Observe(t.Context(), id))
		require.Len(t, e.seen[id].Expected, 1)
	})
	t.Run("keeps Pulumi from its resource where others added to a map", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.rules = []aegis.DriftRule{rule("aws_vpc::main", "tags")}
		e.drifted = []aegis.ResourceChange{tagged(), opened()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, []string{"aws_security_group::web"}, e.sets[0].Target.Addresses)
	})
	t.Run("keeps Terraform from its resource", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.stacks[0].Kind = aegis.TargetTerraformWorkspace
		e.rules = []aegis.DriftRule{rule("aws_vpc::main", "tags.owner")}
		both := tagged()
		both.Before["cidr_block"], both.After["cidr_block"] = "10.0.0.0/16", "10.1.0.0/16"
		e.drifted = []aegis.ResourceChange{both, opened()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, []string{"aws_security_group::web"}, e.sets[0].Target.Addresses)
		require.Contains(t, e.reports[0].Changes[0].Reason, "rule-1")
	})
	t.Run("settles an open report, until the rule is gone", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{tagged()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.DriftOpen, e.reports[0].State)
		e.rules = []aegis.DriftRule{rule("*", "tags.owner")}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.DriftReported, e.reports[0].State)
		require.Equal(t, "rule-1", e.reports[0].Changes[0].RuleID)
		e.rules = nil
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.DriftOpen, e.reports[0].State)
		require.Empty(t, e.reports[0].Changes[0].RuleID)
		require.Len(t, e.reports, 1)
	})
}

func TestFight(t *testing.T) {
	t.Parallel()
	e := watched(t)
	for range 3 {
		e.drifted = []aegis.ResourceChange{opened()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.DriftOpen, e.reports[len(e.reports)-1].State)
		e.sets[len(e.sets)-1].PromotionState = aegis.StatePromoted
		e.drifted = nil
		e.now = e.now.Add(5 * time.Minute)
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
	}
	require.Len(t, e.sets, 3)
	e.drifted = []aegis.ResourceChange{opened()}
	e.happens(byAnn("event-4", e.now), "aws_security_group::web")
	require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
	last := e.reports[len(e.reports)-1]
	require.Equal(t, aegis.DriftReported, last.State)
	require.Contains(t, last.Changes[0].Reason, "ann")
	require.Contains(t, last.Changes[0].Reason, "3 times")
	require.Len(t, e.sets, 3, "it backs off")
	require.Len(t, e.breakers, 1)
	require.Equal(t, aegis.BreakerAttribute, e.breakers[0].Scope)
	require.Equal(t, id+" aws_security_group::web ingress", e.breakers[0].Key)
	require.Contains(t, last.Changes[0].Reason, e.breakers[0].BreakerID)

	e.drifted = append(e.drifted, tagged())
	require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
	require.Len(t, e.breakers, 1, "it is open already")
	require.Equal(t, []string{"aws_vpc::main"}, e.sets[3].Target.Addresses, "the rest of the stack is corrected")
	e.sets[3].PromotionState = aegis.StatePromoted

	e.breakers[0].Open, e.breakers[0].ClosedAt = false, new(e.now)
	e.now = e.now.Add(time.Minute)
	require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
	require.Len(t, e.breakers, 1, "what was before it was closed counts no more")
	require.Len(t, e.sets, 5)
	require.Empty(t, e.sets[4].Target.Addresses)
}
