package app

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pace"
)

func TestReadBudgets(t *testing.T) {
	t.Parallel()
	r := ReadsConfig{PerSecond: 10, Burst: 50, Services: map[string]float64{"IAM": 5}, LooksPerMinute: 60, LooksAtOnce: 3}
	require.Equal(t, pace.Budget{PerSecond: 10, Burst: 50}, r.budget(pace.Key{Service: "EC2"}))
	require.Equal(t, pace.Budget{PerSecond: 5, Burst: 50}, r.budget(pace.Key{Service: "IAM"}))
	require.Equal(t, pace.Budget{PerSecond: 1, Burst: 15, AtOnce: 3}, r.budget(pace.Key{Service: engineService}))
	var faults []string
	bad := func(format string, _ ...any) { faults = append(faults, format) }
	defaultReads().check(bad)
	require.Empty(t, faults)
	ReadsConfig{Services: map[string]float64{"IAM": -1}}.check(bad)
	require.Len(t, faults, 3)
}

// stackRegions has one stack for each region.
type stackRegions struct{}

func (stackRegions) Stack(_ context.Context, id string) (aegis.Stack, error) {
	return aegis.Stack{StackID: id, Region: id}, nil
}

func TestLooksOfOneRegionArePutOff(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	c.Reads.LooksAtOnce = 1
	r := newReads(c)
	inner, looked := r.look(stackRegions{}, func(context.Context, string) error { return nil }), 0
	outer := r.look(stackRegions{}, func(ctx context.Context, _ string) error {
		looked++
		var later laterError
		require.ErrorAs(t, inner(ctx, "eu-west-1"), &later, "its region is busy")
		require.Positive(t, later.RetryAfter())
		return inner(ctx, "us-east-1")
	})
	require.NoError(t, outer(t.Context(), "eu-west-1"))
	require.NoError(t, outer(t.Context(), "eu-west-1"))
	require.Equal(t, 2, looked)
}

func TestAThrottledLookSlowsLaterOnes(t *testing.T) {
	t.Parallel()
	require.True(t, pace.Complained(errors.New("refresh: api error RequestLimitExceeded: slow down").Error()))
	c := DefaultConfig()
	r := newReads(c)
	k := pace.Key{Service: engineService, Region: "eu-west-1"}
	full := c.Reads.budget(k).PerSecond
	look := r.look(stackRegions{}, func(ctx context.Context, _ string) error {
		throttledLook(ctx)
		return nil
	})
	require.NoError(t, look(t.Context(), "eu-west-1"))
	require.LessOrEqual(t, r.pacer.Done(k, true), full)
}
