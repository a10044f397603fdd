package aegis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestMaxRisk(t *testing.T) {
	t.Parallel()
	require.Less(t, aegis.RiskLow.MaxRisk(), aegis.RiskMedium.MaxRisk())
	require.Less(t, aegis.RiskMedium.MaxRisk(), aegis.RiskHigh.MaxRisk())
	require.Equal(t, 100, aegis.RiskHigh.MaxRisk(), "high allows everything")
	require.Negative(t, aegis.RiskTolerance("reckless").MaxRisk(), "an unknown tolerance allows nothing")
}

func TestTerminalStates(t *testing.T) {
	t.Parallel()
	for state, terminal := range map[aegis.PromotionState]bool{
		aegis.StateProposed: false, aegis.StateCanary: false, aegis.StateApplying: false, aegis.StateRollingBack: false,
		aegis.StatePromoted: true, aegis.StateDenied: true, aegis.StateRolledBack: true, aegis.StateFailed: true, aegis.StateCancelled: true,
	} {
		require.Equal(t, terminal, state.Terminal(), state)
	}
	for state, terminal := range map[aegis.GoalState]bool{
		aegis.GoalAccepted: false, aegis.GoalPlanning: false, aegis.GoalRunning: false,
		aegis.GoalSucceeded: true, aegis.GoalFailed: true, aegis.GoalDenied: true, aegis.GoalCancelled: true,
	} {
		require.Equal(t, terminal, state.Terminal(), state)
	}
}
