package stacks_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func TestEstateIsInCreationOrder(t *testing.T) {
	t.Parallel()
	for _, size := range stacks.Sizes() {
		for _, regions := range [][]string{{"eu-west-1"}, {"eu-west-1", "us-east-1", "ap-southeast-1"}, {"us-west-2", "eu-west-1", "us-east-1", "ap-northeast-1"}} {
			specs, err := stacks.Estate(size, "prod", regions)
			require.NoError(t, err)
			require.Len(t, specs, 5*len(regions))
			var created []string
			for _, spec := range specs {
				for _, id := range stacks.DependsOn(spec) {
					require.Contains(t, created, id, "before "+stacks.StackID(spec))
				}
				created = append(created, stacks.StackID(spec))
			}
			require.Equal(t, "prod.security."+regions[0], created[0])
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(created))), 5*len(regions))
		}
	}
}

func TestSizesGrow(t *testing.T) {
	t.Parallel()
	last := 0
	for _, size := range stacks.Sizes()[:2] {
		specs, err := stacks.Estate(size, "prod", []string{"us-east-1", "eu-west-1", "ap-southeast-1"})
		require.NoError(t, err)
		made, err := stacks.OnPaper(specs)
		require.NoError(t, err)
		count := 0
		for _, changes := range made {
			count += len(changes)
		}
		require.Greater(t, count, last)
		last = count
	}
	require.GreaterOrEqual(t, last, 250, "the larger sizes have everything")
}

func TestEstateRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size, environment string
		regions           []string
		fault             string
	}{
		"an unknown size":      {"huge", "dev", []string{"us-east-1"}, "size:"},
		"no region":            {"small", "dev", nil, "regions:"},
		"an unknown region":    {"small", "dev", []string{"us-east-1", "mars-1"}, `"mars-1" is not one of`},
		"a region twice":       {"small", "dev", []string{"us-east-1", "us-east-1"}, "is there twice"},
		"an odd environment":   {"small", "Dev", []string{"us-east-1"}, "environment:"},
		"an empty environment": {"small", "", []string{"us-east-1"}, "environment:"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.Estate(test.size, test.environment, test.regions)
			require.ErrorIs(t, err, aegis.ErrInvalid)
			require.ErrorContains(t, err, test.fault)
		})
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"ap-northeast-1a", "ap-northeast-1c"}, stacks.Zones("ap-northeast-1", 2))
	require.Nil(t, stacks.Zones("mars-1", 1))
	for _, region := range stacks.Regions() {
		require.Len(t, stacks.Zones(region, 3), 3)
	}
}
