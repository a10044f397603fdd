package pace_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/internal/pace"
)

func key(service, region string) pace.Key {
	return pace.Key{Account: "123456789012", Service: service, Region: region}
}

func budget(b pace.Budget) func(pace.Key) pace.Budget { return func(pace.Key) pace.Budget { return b } }

func TestReadsWaitForTheirBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(pace.Options{Budget: budget(pace.Budget{PerSecond: 10, Burst: 5})})
		began := time.Now()
		for range 25 {
			require.NoError(t, p.Wait(t.Context(), key("EC2", "eu-west-1")))
			p.Done(key("EC2", "eu-west-1"), false)
		}
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.01, "five at once, then ten a second")
		began = time.Now()
		require.NoError(t, p.Wait(t.Context(), key("EC2", "us-east-1")), "another region has a budget of its own")
		require.NoError(t, p.Wait(t.Context(), key("IAM", "eu-west-1")), "and so has another service")
		require.Zero(t, time.Since(began))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, p.Wait(ctx, key("EC2", "eu-west-1")))
	})
}

func TestThrottlingSlowsDownAndComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var last float64
		p := pace.New(pace.Options{Budget: budget(pace.Budget{PerSecond: 16, Burst: 1000})})
		k := key("EC2", "eu-west-1")
		refuse := func() {
			require.NoError(t, p.Wait(t.Context(), k))
			last = p.Done(k, true)
		}
		time.Sleep(2 * time.Second)
		refuse()
		refuse()
		require.InDelta(t, 8, last, 0.01, "refusals that come together are one")
		for range 20 {
			time.Sleep(2 * time.Second)
			refuse()
		}
		require.InDelta(t, 0.8, last, 0.01, "never to a standstill")
		for range 30 {
			time.Sleep(time.Second)
			require.NoError(t, p.Wait(t.Context(), k))
			last = p.Done(k, false)
		}
		require.InDelta(t, 16, last, 0.01)
	})
}

func TestLooksAreTriedAgainLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(pace.Options{Budget: budget(pace.Budget{PerSecond: 2, Burst: 3, AtOnce: 2})})
		k := key("engine", "eu-west-1")
		require.Zero(t, p.Try(k))
		require.Zero(t, p.Try(k))
		require.Positive(t, p.Try(k), "two are under way")
		p.Done(k, false)
		require.Zero(t, p.Try(k))
		p.Done(k, false)
		later := p.Try(k)
		require.Positive(t, later, "the bucket is empty")
		time.Sleep(later)
		require.Zero(t, p.Try(k))
	})
}

func TestARateStaysWithinItsBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(0, 0)
		full := rapid.Float64Range(0.1, 1000).Draw(t, "full")
		p := pace.New(pace.Options{Budget: budget(pace.Budget{PerSecond: full, Burst: 10}), Now: func() time.Time { return now }})
		for _, throttled := range rapid.SliceOf(rapid.Bool()).Draw(t, "answers") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			if p.Try(key("EC2", "x")) == 0 {
				if rate := p.Done(key("EC2", "x"), throttled); rate > full*1.0001 || rate < full/20.0001 {
					t.Fatalf("%v of %v", rate, full)
				}
			}
		}
	})
}

func TestCodes(t *testing.T) {
	t.Parallel()
	require.True(t, pace.Throttled("RequestLimitExceeded"))
	require.False(t, pace.Throttled("AccessDenied"))
	require.True(t, pace.Complained("reading EC2 VPC: api error ThrottlingException: Rate exceeded"))
	require.False(t, pace.Complained("api error LimitExceededException: too many roles"))
}
