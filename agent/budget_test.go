package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

// An estimate of a change from one estate to another is what the programs' own
// resources cost more, in every layer and region.
func TestEstimatesAreThePrograms(t *testing.T) {
	t.Parallel()
	table, err := pricing.Load()
	require.NoError(t, err)
	made, specs := map[string]map[string][]aegis.ResourceChange{}, map[string]map[string]aegis.Spec{}
	for _, size := range stacks.Sizes() {
		estate, err := stacks.Estate(size, "dev", regions)
		require.NoError(t, err)
		specs[size] = map[string]aegis.Spec{}
		for _, spec := range estate {
			specs[size][stacks.StackID(spec)] = spec
		}
		made[size], err = stacks.OnPaper(estate)
		require.NoError(t, err)
	}
	dearer := 0
	for _, from := range stacks.Sizes() {
		for _, to := range stacks.Sizes() {
			for id, spec := range specs[from] {
				was, _ := table.Delta(made[from][id])
				will, _ := table.Delta(made[to][id])
				changes, err := agent.Estimate(spec, specs[to][id])
				require.NoError(t, err)
				usd, unknown := table.Delta(changes)
				require.Empty(t, unknown)
				require.InDelta(t, will-was, usd, 0.05, "%s from %s to %s: %v", id, from, to, changes)
				if usd > 0 {
					dearer++
				}
			}
		}
	}
	require.Greater(t, dearer, 15)
}
