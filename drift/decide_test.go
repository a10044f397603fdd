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
		"corrects by default":                     {[]aegis.ResourceChange{opened()}, nil, aegis.DriftOpen, true},
		"leaves what is to be reported":           {[]aegis.ResourceChange{opened()}, leave("ingress", aegis.ReportDrift), aegis.DriftReported, false},
		"leaves what is to be adopted":            {[]aegis.ResourceChange{opened()}, leave("ingress", aegis.AdoptDrift), aegis.DriftReported, false},
		"leaves a stack of which a part is to be": {[]aegis.ResourceChange{opened(), tagged()}, leave("tags.owner", aegis.ReportDrift), aegis.DriftOpen, false},
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
}
