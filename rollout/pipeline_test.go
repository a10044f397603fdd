package rollout

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestEveryPairOfPhaseAndVerdict(t *testing.T) {
	t.Parallel()
	const none = ""
	table := map[aegis.Phase]map[VerdictKind]string{
		aegis.PhasePlan: {
			Go: "gate proposed", Wait: "plan proposed", Promote: "done promoted", Replan: "plan proposed",
			Fail: "done failed", Cancel: "done cancelled", Deny: none, Rollback: none,
		},
		aegis.PhaseGate: {
			Go: "canary canary", Wait: "gate proposed", Deny: "done denied", Replan: "plan proposed",
			Fail: "done failed", Cancel: "done cancelled", Promote: none, Rollback: none,
		},
		aegis.PhaseCanary: {
			Go: "apply applying", Wait: "canary canary", Rollback: "rollback rolling_back", Replan: "plan proposed",
			Promote: none, Deny: none, Fail: none, Cancel: none,
		},
		aegis.PhaseApply: {
			Go: "verify applying", Wait: "apply applying", Rollback: "rollback rolling_back", Replan: "plan proposed",
			Promote: none, Deny: none, Fail: none, Cancel: none,
		},
		aegis.PhaseVerify: {
			Promote: "done promoted", Wait: "verify applying", Rollback: "rollback rolling_back",
			Go: none, Deny: none, Fail: none, Cancel: none, Replan: none,
		},
		aegis.PhaseRollback: {
			Go: "done rolled_back", Wait: "rollback rolling_back", Fail: "done failed", Cancel: "done cancelled",
			Promote: none, Deny: none, Rollback: none, Replan: none,
		},
		aegis.PhaseDone: {Go: none, Wait: none, Promote: none, Deny: none, Fail: none, Cancel: none, Rollback: none, Replan: none},
		"unheard of":    {Go: none, Promote: none, Deny: none, Fail: none, Cancel: none, Rollback: none},
	}
	for phase, verdicts := range table {
		for kind, want := range verdicts {
			t.Run(fmt.Sprintf("%s of %s", kind, phase), func(t *testing.T) {
				t.Parallel()
				to, ok := next(phase, Verdict{Kind: kind, Next: aegis.PhaseCanary})
				require.Equal(t, want != none, ok)
				if ok {
					require.Equal(t, want, fmt.Sprintf("%s %s", to.phase, to.state))
					require.Equal(t, to.phase == aegis.PhaseDone, to.state.Terminal())
				}
			})
		}
	}
	for phase := range table {
		if phase != aegis.PhaseDone && phase != "unheard of" {
			require.NotNil(t, stages(aegis.TargetPulumiStack)[phase], "a stage for %s", phase)
			require.NotNil(t, stages(aegis.TargetPolicyBundle)[phase], "a stage for %s of a bundle", phase)
		}
	}
	_, ok := next(aegis.PhaseGate, Verdict{Kind: Go, Next: aegis.PhaseVerify})
	require.False(t, ok, "the gate leads to canary or apply only")
}

func TestCancelledLeadsSomewhereFromEveryPhase(t *testing.T) {
	t.Parallel()
	for phase, want := range map[aegis.Phase][2]string{
		aegis.PhasePlan: {"done", "rollback"}, aegis.PhaseGate: {"done", "rollback"},
		aegis.PhaseCanary: {"rollback", "rollback"}, aegis.PhaseApply: {"rollback", "rollback"},
		aegis.PhaseVerify: {"rollback", "rollback"}, aegis.PhaseRollback: {"", ""}, aegis.PhaseDone: {"", ""},
	} {
		for i, touched := range []bool{false, true} {
			to, ok := cancelled(phase, touched)
			require.Equal(t, want[i] != "", ok)
			require.Equal(t, want[i], string(to.phase))
		}
	}
}
