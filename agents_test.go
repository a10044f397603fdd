package aegis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestEnvelopeBoundsGoals(t *testing.T) {
	t.Parallel()
	ten, five, one := 10.0, 5.0, 1.0
	envelope := aegis.AgentEnvelope{
		Regions: []string{"eu-west-1"}, Layers: []string{aegis.LayerRuntime, aegis.LayerEdge}, RiskTolerance: aegis.RiskMedium,
		Budget: &aegis.Budget{USDMonth: &five, USDRun: &one}, NoDeletions: true,
	}
	goal := aegis.GoalSpec{Intent: "x", Constraints: []string{"no downtime"}, RiskTolerance: aegis.RiskHigh, Budget: &aegis.Budget{USDMonth: &ten}}
	bound := envelope.Bound(goal)
	require.Equal(t, []string{
		"no downtime", "only in eu-west-1", "don't touch the security layer", "don't touch the network layer", "don't touch the data layer", "no deletions",
	}, bound.Constraints)
	require.Equal(t, aegis.RiskMedium, bound.RiskTolerance)
	require.InDelta(t, 5, *bound.Budget.USDMonth, 0)
	require.InDelta(t, 1, *bound.Budget.USDRun, 0)
	require.Equal(t, []string{"no downtime"}, goal.Constraints, "the goal's own stay")

	narrow := aegis.GoalSpec{RiskTolerance: aegis.RiskLow, Budget: &aegis.Budget{USDMonth: &one}}
	require.Equal(t, aegis.RiskLow, envelope.Bound(narrow).RiskTolerance)
	require.InDelta(t, 1, *envelope.Bound(narrow).Budget.USDMonth, 0)
	require.Equal(t, narrow, aegis.AgentEnvelope{}.Bound(narrow))
}
