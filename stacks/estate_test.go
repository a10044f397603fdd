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
	specs, err := stacks.Estate(stacks.SizeSmall, "prod", []string{"eu-west-1", "us-east-1", "ap-southeast-1"})
	require.NoError(t, err)
	require.Len(t, specs, 15)
	var created []string
	for _, spec := range specs {
		for _, id := range stacks.DependsOn(spec) {
			require.Contains(t, created, id, "before "+stacks.StackID(spec))
		}
		created = append(created, stacks.StackID(spec))
	}
	require.Equal(t, "prod.security.eu-west-1", created[0])
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(created))), 15)
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
