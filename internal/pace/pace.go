// Package pace keeps what the autopilot reads within budgets, so that its sweeps
// never take from others the calls that AWS lets an account make.
package pace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Key is what has a budget of its own, as AWS counts: a service of an account in
// a region.
type Key struct{ Account, Service, Region string }

// Budget is a token bucket: PerSecond is how fast it fills, Burst how much it
// holds. AtOnce bounds what is under way at one time; 0 is any number.
type Budget struct {
	PerSecond float64
	Burst     int
	AtOnce    int
}

// Seen is what is told of a read that was let through.
type Seen struct {
	// Waited is how long it was held back.
	Waited time.Duration
	// Rate is what the budget allows now, per second.
	Rate float64
}

// Options are what a Pacer is made of. Budget is needed.
type Options struct {
	Budget func(Key) Budget
	// Observe is told of every read that Wait lets through; nil is nobody.
	Observe func(Key, Seen)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

const (
	// least is what is left of a rate after any number of refusals, as a part of
	// the budget, and step how much of the budget comes back in a second of calls
	// that are answered.
	least = 1.0 / 20
	step  = 1.0 / 20
	// calm is the time between two changes of a rate: refusals that come together
	// are one.
	calm = time.Second
)

// Pacer has the budgets of a process. Its methods may be called concurrently.
type Pacer struct {
	options Options

	mu      sync.Mutex
	buckets map[Key]*bucket
}

type bucket struct {
	budget   Budget
	limiter  *rate.Limiter
	underWay int
	changed  time.Time
}

// New makes a pacer.
func New(o Options) *Pacer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(Key, Seen) {}
	}
	return &Pacer{options: o, buckets: map[Key]*bucket{}}
}

// bucket is called with the lock held.
func (p *Pacer) bucket(k Key) *bucket {
	b := p.buckets[k]
	if b == nil {
		budget := p.options.Budget(k)
		b = &bucket{budget: budget, limiter: rate.NewLimiter(rate.Limit(budget.PerSecond), max(budget.Burst, 1))}
		p.buckets[k] = b
	}
	return b
}

// Wait holds a read back until its budget has a token. Each Wait without an error is
// followed by one Done.
func (p *Pacer) Wait(ctx context.Context, k Key) error {
	p.mu.Lock()
	b := p.bucket(k)
	p.mu.Unlock()
	began := p.options.Now()
	if err := b.limiter.Wait(ctx); err != nil {
		return fmt.Errorf("wait for the budget of %s in %s: %w", k.Service, k.Region, err)
	}
	p.mu.Lock()
	b.underWay++
	now := float64(b.limiter.Limit())
	p.mu.Unlock()
	p.options.Observe(k, Seen{Waited: p.options.Now().Sub(began), Rate: now})
	return nil
}

// Try takes a token if there is one; else it says after how long to try again. A
// zero answer is followed by one Done.
func (p *Pacer) Try(k Key) (later time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bucket(k)
	if b.budget.AtOnce > 0 && b.underWay >= b.budget.AtOnce {
		return calm
	}
	now := p.options.Now()
	r := b.limiter.ReserveN(now, 1)
	if later = r.DelayFrom(now); later > 0 {
		r.CancelAt(now)
		return later
	}
	b.underWay++
	return 0
}

// Done ends a read. One that was throttled halves the rate of its budget, down to
// a twentieth; while others are answered, it comes back, a twentieth a second. It
// returns the rate, per second.
func (p *Pacer) Done(k Key, throttled bool) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bucket(k)
	b.underWay = max(b.underWay-1, 0)
	full, was := rate.Limit(b.budget.PerSecond), b.limiter.Limit()
	now := p.options.Now()
	if (throttled || was < full) && now.Sub(b.changed) >= calm {
		next := min(was+full*step, full)
		if throttled {
			next = max(was/2, full*least)
		}
		b.limiter.SetLimitAt(now, next)
		b.changed = now
	}
	return float64(b.limiter.Limit())
}

// codes are what AWS's services answer to one call too many.
func codes() []string {
	return []string{
		"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded",
		"TooManyRequestsException", "BandwidthLimitExceeded", "LimitExceededException", "PriorRequestNotComplete", "SlowDown",
		"ProvisionedThroughputExceededException", "TransactionInProgressException", "EC2ThrottledException",
	}
}

// Throttled says that an error code of AWS means one call too many.
func Throttled(code string) bool { return slices.Contains(codes(), code) }

// Complained says that what an engine wrote has such a code.
func Complained(text string) bool {
	return strings.Contains(text, "Rate exceeded") || slices.ContainsFunc(codes(), func(code string) bool {
		return code != "LimitExceededException" && strings.Contains(text, code)
	})
}
