package rollout_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestGrantedLimits(t *testing.T) {
	t.Parallel()
	const two, replacing = `{"ssm_parameter-a":"2","ssm_parameter-b":"2"}`, `{"ssm_parameter-a":null,"ssm_parameter-b":null}`
	for _, test := range []struct {
		fact, merge string
		grant       func(*aegis.ExecutionPolicy)
		message     string // "" is granted
	}{
		{"more changes are denied", two, func(p *aegis.ExecutionPolicy) { p.ResourceLimits.MaxChanges = 3 }, "4 changes are more than the 3 allowed"},
		{"as many changes are not", two, func(p *aegis.ExecutionPolicy) { p.ResourceLimits.MaxChanges = 4 }, ""},
		{"more deletes are denied", replacing, func(p *aegis.ExecutionPolicy) { p.ResourceLimits.MaxDeletes = 3 }, "4 deletes are more than the 3 allowed"},
		{"as many deletes are not", replacing, func(p *aegis.ExecutionPolicy) { p.ResourceLimits.MaxDeletes = 4 }, ""},
		{
			"a higher cost is denied", `{"ssm_parameter-c":"1"}`,
			func(p *aegis.ExecutionPolicy) { p.ResourceLimits.MaxUSDMonth = 1.5 }, "$2.00 a month are more than the $1.50 allowed",
		},
		{"the same cost is not", `{"ssm_parameter-c":"1"}`, func(p *aegis.ExecutionPolicy) { p.ResourceLimits.MaxUSDMonth = 2 }, ""},
		{
			"a tool that is not named is denied", two,
			func(p *aegis.ExecutionPolicy) { p.ToolAllowances = map[string]int{"terraform": -1} }, "pulumi is none of the tools allowed",
		},
		{
			"a tool that may not be called is denied", two,
			func(p *aegis.ExecutionPolicy) { p.ToolAllowances = map[string]int{"pulumi": 0} }, "pulumi is none of the tools allowed",
		},
		{
			"a tool is not called more often", two,
			func(p *aegis.ExecutionPolicy) { p.ToolAllowances = map[string]int{"pulumi": 1} }, "2 stacks take more calls of pulumi than the 1 allowed",
		},
		{"a tool is called as often", two, func(p *aegis.ExecutionPolicy) { p.ToolAllowances = map[string]int{"pulumi": 2} }, ""},
		{"a tool without a limit is called", two, func(p *aegis.ExecutionPolicy) { p.ToolAllowances = map[string]int{"pulumi": -1} }, ""},
	} {
		t.Run(test.fact, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			test.grant(&b.gate.result.ExecutionPolicy)
			in := patch(test.merge, eu, us)
			in.RiskTolerance = aegis.RiskHigh
			cs := b.run(t, in)
			if test.message == "" {
				require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
				return
			}
			require.Equal(t, aegis.StateDenied, cs.PromotionState)
			require.Len(t, cs.Denials, 1)
			require.Equal(t, "execution_policy_exceeded", cs.Denials[0].Code)
			require.Equal(t, test.message, cs.Denials[0].Msg)
			require.Empty(t, b.world.applies)
		})
	}
}

func TestAnApplyThatTakesTooLongIsRolledBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.gate.result.ExecutionPolicy.ResourceLimits.MaxDurationSecs = 90
		b.world.busy = time.Minute
		cs := b.run(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-b":"2"}`, eu))
		require.Equal(t, aegis.StateRolledBack, cs.PromotionState, cs.Error)
		require.Contains(t, cs.Error, "took longer than resource_limits.max_duration_seconds")
		require.Equal(t, "1", b.world.get(eu)["ssm_parameter-a"], "the half that was applied")
		require.Len(t, b.world.applies, 2, "it is not tried again")
	})
}

func TestBreakerOfATool(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]aegis.PromotionState{
		"pulumi": aegis.StateDenied, "pulumi_stack": aegis.StateDenied,
		"terraform": aegis.StatePromoted, "terraform_workspace": aegis.StatePromoted,
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			b.store.breakers = []aegis.Breaker{{BreakerID: "b", Scope: aegis.BreakerTool, Key: key, Open: true}}
			cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
			require.Equal(t, want, cs.PromotionState, cs.Error)
		})
	}
}
