package webhooks

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aegisworld/aegis"
)

// How long and how often is tried.
const (
	// giveUp is how long one delivery is tried, and how long a webhook may fail
	// before it is disabled.
	giveUp = 72 * time.Hour
	// disableFailures is how many attempts must have failed in that time.
	disableFailures = 10
	// The pause after the nth failure is retryBase × retryFactor^n, at most
	// retryMost, one fifth more or less.
	retryBase   = 5 * time.Second
	retryFactor = 3
	retryMost   = 6 * time.Hour
	// retryAfterMost bounds what an answer's Retry-After is taken for.
	retryAfterMost = 24 * time.Hour
	// A webhook that failed pauseFailures times in a row rests before the next
	// delivery of any kind, for pauseBase doubled each time, at most pauseMost.
	pauseFailures = 5
	pauseBase     = 5 * time.Second
	pauseMost     = 5 * time.Minute
	// pauseAskedMost bounds the rest that an answer asks for.
	pauseAskedMost = time.Hour
)

// Hold is how long a delivery that fails holds up later ones of its stack:
// enough for a restart of the receiver, and not so long that one bad event
// keeps the news of a stack away.
const Hold = 5 * time.Minute

// MaxInFlight is how many deliveries go to one webhook at once, so that one that
// hangs does not take all workers.
const MaxInFlight = 4

// backoff is the pause after a number of failed tries; jitter is 0 to 1.
func backoff(tries int, jitter float64) time.Duration {
	pause := retryBase
	for range max(0, tries) {
		if pause *= retryFactor; pause >= retryMost {
			pause = retryMost
			break
		}
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*jitter))
}

// rest is the pause of a webhook that failed so often in a row.
func rest(failures int) time.Duration {
	if failures < pauseFailures {
		return 0
	}
	pause := pauseBase
	for range failures - pauseFailures {
		if pause *= 2; pause >= pauseMost {
			return pauseMost
		}
	}
	return pause
}

// retryAfter reads the header (RFC 9110, 10.2.3): seconds or a date. 0 is none,
// or nothing that can be read.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		if seconds > uint64(retryAfterMost/time.Second) {
			return retryAfterMost
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), retryAfterMost)
}

// decide says what follows an attempt.
func decide(c Claim, a answer, jitter float64) Outcome {
	out := Outcome{
		DeliveryID: c.Delivery.DeliveryID, State: aegis.DeliveryPending,
		Attempt: aegis.DeliveryAttempt{
			At: a.at, Status: a.status, LatencyMS: a.took.Milliseconds(), Response: a.excerpt, Error: a.fault,
		},
	}
	failures, enabled := c.Endpoint.Failures+1, c.Endpoint.State == aegis.WebhookEnabled
	switch {
	case a.status >= 200 && a.status <= 299:
		out.State = aegis.DeliveryDelivered
		return out
	case a.status == http.StatusGone:
		out.State, out.Disable = aegis.DeliveryFailed, "it answered 410 Gone"
	case c.Delivery.EventType == TypeWebhookTest || !enabled || c.Queued >= giveUp:
		out.State = aegis.DeliveryFailed
	default:
		out.RetryIn = min(max(backoff(c.Tries, jitter), a.retryAfter), giveUp-c.Queued)
	}
	out.PauseFor = rest(failures)
	if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		out.PauseFor = max(out.PauseFor, min(a.retryAfter, pauseAskedMost))
	}
	if out.Disable == "" && c.Failing >= giveUp && failures >= disableFailures {
		out.Disable = fmt.Sprintf("every attempt failed for %d hours; the last: %s", int(c.Failing.Hours()), out.Attempt.Error)
	}
	if !enabled {
		out.Disable = ""
	}
	return out
}
