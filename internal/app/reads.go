package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pace"
	"github.com/aegisworld/aegis/internal/telemetry"
)

// ReadsConfig bounds what the autopilot reads, so that its sweeps never take
// from others the calls that AWS lets an account make. Each bound is for one
// region of one worker.
type ReadsConfig struct {
	// PerSecond and Burst are the token bucket of each service's reads.
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
	// Services have other rates, by the SDK's name of the service ("EC2", "IAM").
	Services map[string]float64 `yaml:"services"`
	// LooksPerMinute and LooksAtOnce bound looks at stacks, whose reads engines make.
	LooksPerMinute float64 `yaml:"looks_per_minute"`
	LooksAtOnce    int     `yaml:"looks_at_once"`
}

// defaultReads are half of what EC2 lets an account read steadily.
func defaultReads() ReadsConfig {
	return ReadsConfig{PerSecond: 10, Burst: 50, LooksPerMinute: 240, LooksAtOnce: 8}
}

func (r ReadsConfig) check(bad func(format string, args ...any)) {
	if r.PerSecond <= 0 || r.Burst < 1 {
		bad("reads: per_second and burst must be more than 0")
	}
	for service, rate := range r.Services {
		if rate <= 0 {
			bad("reads.services.%s: must be more than 0", service)
		}
	}
	if r.LooksPerMinute <= 0 || r.LooksAtOnce < 1 {
		bad("reads: looks_per_minute and looks_at_once must be more than 0")
	}
}

// engineService stands for the looks at stacks among the services.
const engineService = "engine"

// maxLookPause bounds how long a look is put off at a time.
const maxLookPause = 30 * time.Second

// reads paces the reads of a process.
type reads struct {
	pacer   *pace.Pacer
	account string
	// metrics are there once the process is wired.
	metrics atomic.Pointer[telemetry.Metrics]
}

func newReads(c Config) *reads {
	r := &reads{account: c.AWS.AccountID}
	r.pacer = pace.New(pace.Options{Budget: c.Reads.budget, Observe: r.observe})
	return r
}

func (r ReadsConfig) budget(k pace.Key) pace.Budget {
	if k.Service == engineService {
		return pace.Budget{PerSecond: r.LooksPerMinute / 60, Burst: max(int(r.LooksPerMinute/4), 1), AtOnce: r.LooksAtOnce}
	}
	b := pace.Budget{PerSecond: r.PerSecond, Burst: r.Burst}
	if rate, ok := r.Services[k.Service]; ok {
		b.PerSecond = rate
	}
	return b
}

func (r *reads) observe(k pace.Key, s pace.Seen) {
	if m := r.metrics.Load(); m != nil {
		m.ReadBegan(k.Service, k.Region, s.Waited, s.Rate)
	}
}

// Wait implements cloud.Pacer.
func (r *reads) Wait(ctx context.Context, account, service, region string) (func(code string), error) {
	k := pace.Key{Account: account, Service: service, Region: region}
	if err := r.pacer.Wait(ctx, k); err != nil {
		return nil, fmt.Errorf("%w: %w", aegis.ErrUnavailable, err)
	}
	return func(code string) { r.done(k, pace.Throttled(code)) }, nil
}

func (r *reads) done(k pace.Key, throttled bool) {
	rate := r.pacer.Done(k, throttled)
	if m := r.metrics.Load(); m != nil {
		m.ReadEnded(k.Service, k.Region, throttled, rate)
	}
}

// pacedLooks is an engine for looks, whose throttled reads slow later ones down.
type pacedLooks struct{ expecting }

// Refresh also notes what versions read.
func (p pacedLooks) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	seen, err := p.expecting.Refresh(ctx, run)
	if err != nil && pace.Complained(err.Error()) {
		throttledLook(ctx)
	}
	if err == nil {
		seen.Versions = p.Versions(ctx, run.Stack)
	}
	return seen, err
}

type lookKey struct{}

// throttledLook notes that AWS throttled the look that is under way.
func throttledLook(ctx context.Context) {
	if throttled, ok := ctx.Value(lookKey{}).(*atomic.Bool); ok {
		throttled.Store(true)
	}
}

// laterError puts a job off, which is no failure.
type laterError struct{ after time.Duration }

func (e laterError) Error() string {
	return "the budget of looks is used up; again in " + e.after.String()
}

// RetryAfter is how much later.
func (e laterError) RetryAfter() time.Duration { return e.after }

// stackReader says where a stack is.
type stackReader interface {
	Stack(ctx context.Context, id string) (aegis.Stack, error)
}

// look lets a look at a stack begin when the budget of its region has room, and
// puts the job off else, so that it holds up none of other regions.
func (r *reads) look(stacks stackReader, do func(context.Context, string) error) func(context.Context, string) error {
	return func(ctx context.Context, stackID string) error {
		stack, err := stacks.Stack(ctx, stackID)
		if err != nil {
			return do(ctx, stackID) // which says it
		}
		k := pace.Key{Account: r.account, Service: engineService, Region: stack.Region}
		if later := r.pacer.Try(k); later > 0 {
			return laterError{min(later, maxLookPause)}
		}
		throttled := &atomic.Bool{}
		defer func() { r.done(k, throttled.Load()) }()
		return do(context.WithValue(ctx, lookKey{}, throttled), stackID)
	}
}
