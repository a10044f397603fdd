package model

import (
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// weight is that of the newest call in the moving averages.
	weight = 0.2
	// enoughCalls are needed before a 95th percentile means something.
	enoughCalls = 20
	// keptCalls is how many latencies it is taken of.
	keptCalls = 64
	// unknownLatency is assumed of a model that was not called yet.
	unknownLatency = 2 * time.Second
	// forgiven is how long it takes until failures count half.
	forgiven = 5 * time.Minute
)

// observed is what is known of a model from its own calls. It is safe for
// concurrent use.
type observed struct {
	mu        sync.Mutex
	calls     int
	latency   time.Duration // moving average of calls that answered
	errorRate float64       // moving average, 0 to 1, as of failedAt
	failedAt  time.Time
	recent    [keptCalls]time.Duration
	restUntil time.Time
}

// answered records a call that the model answered.
func (o *observed) answered(latency time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls == 0 {
		o.latency = latency
	}
	o.latency += time.Duration(weight * float64(latency-o.latency))
	o.errorRate *= 1 - weight
	o.recent[o.calls%keptCalls] = latency
	o.calls++
}

// failed records a call without an answer, and until when the model wants no
// more.
func (o *observed) failed(now, restUntil time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.errorRate = o.rate(now)
	o.errorRate += weight * (1 - o.errorRate)
	o.failedAt = now
	if restUntil.After(o.restUntil) {
		o.restUntil = restUntil
	}
}

// resting is until when the model wants no calls.
func (o *observed) resting() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.restUntil
}

// rate is the part of calls that fail, as far as it still counts: a model that is not
// asked since it failed may have recovered.
func (o *observed) rate(now time.Time) float64 {
	return o.errorRate * math.Exp2(-max(0, now.Sub(o.failedAt).Minutes())/forgiven.Minutes())
}

// averages are the expected latency and the part of calls that fail.
func (o *observed) averages(now time.Time) (latency time.Duration, errorRate float64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls == 0 {
		return unknownLatency, o.rate(now)
	}
	return o.latency, o.rate(now)
}

// guard is the 95th percentile of recent latencies: who takes longer is slow.
// It is false while there are too few.
func (o *observed) guard() (time.Duration, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls < enoughCalls {
		return 0, false
	}
	n := min(o.calls, keptCalls)
	sorted := slices.Sorted(slices.Values(o.recent[:n]))
	return sorted[n*95/100], true
}
