package app

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/stacks"
)

func TestAgentTools(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	live := &policies.Live{}
	p := &control{
		config: Config{Regions: []string{"eu-west-1"}}, log: slog.New(slog.DiscardHandler), db: db, memories: memory.New(memory.Config{Store: db}),
		policy: &policy{live: live},
	}
	prices, err := pricing.Load()
	require.NoError(t, err)
	registry, err := p.newTools(prices, nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(registry.Tools()), 13)

	specs, err := stacks.Estate(stacks.SizeSmall, "prod", []string{"eu-west-1"})
	require.NoError(t, err)
	for _, spec := range specs {
		id := stacks.StackID(spec)
		require.NoError(t, db.UpsertStack(t.Context(), aegis.Stack{
			StackID: id, Kind: aegis.TargetPulumiStack, Environment: "prod", Layer: spec.Layer, Region: spec.Region, State: aegis.StackClean,
		}))
		require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: id, Revision: 1, Spec: spec}))
	}
	ask := func() (tool.Result, error) {
		return registry.Call(t.Context(), tool.Caller{Agent: "planner", GoalID: "goal-1"}, "get_costs", json.RawMessage(`{"environment":"prod"}`))
	}
	_, err = ask()
	require.ErrorIs(t, err, tool.ErrRefused, "no bundle is loaded")

	gate, err := policies.NewGate(t.Context(), policies.Options{})
	require.NoError(t, err)
	live.Swap(gate)
	got, err := ask()
	require.NoError(t, err)
	var out struct {
		USDMonth float64 `json:"usd_month"`
	}
	require.NoError(t, json.Unmarshal(got.Output, &out))
	require.Greater(t, out.USDMonth, 5.0)

	_, err = db.OpenBreaker(t.Context(), aegis.Breaker{Scope: aegis.BreakerTool, Key: "get_costs", Reason: "it is wrong", OpenedBy: "ann"})
	require.NoError(t, err)
	_, err = ask()
	require.ErrorContains(t, err, "it is wrong")

	_, err = p.newTools(prices, []tool.Tool{{Tool: aegis.Tool{Name: "list_stacks"}}})
	require.ErrorContains(t, err, "tools of agents")
}
