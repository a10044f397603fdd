package webhooks

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

// TestRetriesLastThreeDays follows a delivery that always fails.
func TestRetriesLastThreeDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := Claim{Endpoint: Endpoint{Webhook: aegis.Webhook{State: aegis.WebhookEnabled}}}
		var last time.Duration
		for {
			a := answer{status: 500, fault: "it answered 500", retryAfter: time.Duration(rapid.IntRange(0, 90000).Draw(rt, "asked")) * time.Second}
			o := decide(c, a, rapid.Float64Range(0, 1).Draw(rt, "jitter"))
			require.LessOrEqual(rt, o.PauseFor, pauseAskedMost)
			if o.State != aegis.DeliveryPending {
				require.Equal(rt, aegis.DeliveryFailed, o.State)
				require.Zero(rt, o.RetryIn)
				break
			}
			require.Positive(rt, o.RetryIn)
			if c.Queued+o.RetryIn < giveUp {
				require.GreaterOrEqual(rt, o.RetryIn, a.retryAfter, "a wish is kept, within the three days")
			}
			require.LessOrEqual(rt, o.RetryIn, retryAfterMost+time.Hour)
			c.Tries, c.Endpoint.Failures = c.Tries+1, c.Endpoint.Failures+1
			last = c.Queued
			c.Queued += o.RetryIn
			c.Failing = c.Queued
			require.Less(rt, c.Tries, 40)
		}
		require.Equal(rt, giveUp, c.Queued, "the last try is at the end of the three days")
		require.Less(rt, last, giveUp)
	})
}

func TestTheScheduleWithoutJitter(t *testing.T) {
	t.Parallel()
	var pauses []string
	for tries := range 10 {
		pauses = append(pauses, backoff(tries, 0.5).String())
	}
	require.Equal(t, []string{"5s", "15s", "45s", "2m15s", "6m45s", "20m15s", "1h0m45s", "3h2m15s", "6h0m0s", "6h0m0s"}, pauses)
	require.Equal(t, 6*time.Hour, backoff(1<<30, 0.5))
	require.Equal(t, 4*time.Second, backoff(0, 0))
	require.Zero(t, rest(4))
	require.Equal(t, 5*time.Second, rest(5))
	require.Equal(t, 10*time.Second, rest(6))
	require.Equal(t, pauseMost, rest(1<<20))
}

func TestWhenAWebhookIsDisabled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing  time.Duration
		failures int
		status   int
		state    aegis.WebhookState
		kind     string
		disable  bool
	}{
		"after three days of failures":            {failing: giveUp, failures: 9, status: 500, disable: true},
		"not after less":                          {failing: giveUp - 1, failures: 1000, status: 500},
		"not after few failures":                  {failing: 2 * giveUp, failures: 8, status: 500},
		"not when it succeeds":                    {failing: 2 * giveUp, failures: 100, status: 204},
		"on 410 at once":                          {status: http.StatusGone, disable: true},
		"on 410 of a test":                        {status: http.StatusGone, kind: TypeWebhookTest, disable: true},
		"not once more when it is disabled":       {status: http.StatusGone, state: aegis.WebhookDisabled},
		"not by failures of tests while disabled": {failing: 2 * giveUp, failures: 100, status: 500, state: aegis.WebhookDisabled, kind: TypeWebhookTest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.state == "" {
				c.state = aegis.WebhookEnabled
			}
			o := decide(Claim{
				Endpoint: Endpoint{Webhook: aegis.Webhook{State: c.state, Failures: c.failures}}, Failing: c.failing,
				Delivery: aegis.WebhookDelivery{EventType: c.kind},
			}, answer{status: c.status}, 0.5)
			require.Equal(t, c.disable, o.Disable != "", o.Disable)
			if c.kind == TypeWebhookTest || c.state == aegis.WebhookDisabled {
				require.NotEqual(t, aegis.DeliveryPending, o.State, "it is tried once")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0, "99999999999999999999999": 0, "18446744073709551615": retryAfterMost,
		"90000": retryAfterMost, "Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
		"Friday, 02-Jan-26 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2126 03:05:05 GMT": retryAfterMost,
	} {
		require.Equal(t, want, retryAfter(value, now), value)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "Fri, 02 Jan 2026 03:05:05 GMT", "1e9", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := retryAfter(value, time.Now())
		require.GreaterOrEqual(t, got, time.Duration(0))
		require.LessOrEqual(t, got, retryAfterMost)
	})
}
