package app

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/agent/tool/estate"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/stacks"
)

// toolPolicy is the bundle that runs, asked for calls of tools.
type toolPolicy struct{ live *policies.Live }

func (p toolPolicy) PermitTool(ctx context.Context, in aegis.ToolInput) (aegis.ExecutionPolicy, error) {
	gate, _ := p.live.Pin()
	return gate.PermitTool(ctx, in)
}

// newTools makes the registry of what agents may call: the tools of the estate, and
// more.
func (p *control) newTools(prices *pricing.Table, more []tool.Tool, sources ...tool.Source) (*tool.Registry, error) {
	own := estate.Tools(estate.Config{
		Stacks: p.db, History: p.db, Door: p.door, Memories: p.memories, Checker: p.account, Price: costs(prices), Schema: stacks.Schema,
		Telemetry: p.account, Regions: p.config.Regions,
	})
	registry, err := tool.New(tool.Config{
		Tools: append(own, more...), Sources: sources, Permits: toolPolicy{p.policy.live}, Breakers: p.db, Logger: p.log,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the tools of agents: %w", err)
	}
	return registry, nil
}

// costs prices stacks by what their programs declare.
func costs(prices *pricing.Table) func([]aegis.Spec) (map[string]estate.Cost, error) {
	return func(specs []aegis.Spec) (map[string]estate.Cost, error) {
		made, err := stacks.OnPaper(specs)
		if err != nil {
			return nil, err
		}
		out := make(map[string]estate.Cost, len(made))
		for id, changes := range made {
			usd, unknown := prices.Delta(changes)
			out[id] = estate.Cost{USDMonth: usd, Unpriced: unknown}
		}
		return out, nil
	}
}
