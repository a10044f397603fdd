package rollout

import (
	"context"
	"log/slog"
	"time"

	"github.com/aegisworld/aegis"
)

// engine plans and applies stacks. A call ends soon after its context does.
type engine interface {
	Preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error)
	Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error)
	Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error)
	Repair(ctx context.Context, run aegis.StackRun) (healed []string, err error)
}

// Judge judges changes by one policy bundle; it never fails, it denies.
type Judge interface {
	// Judge decides. record, given the result that is acted on, is what of the
	// decision may be stored: masked by policy.
	Judge(ctx context.Context, input aegis.GateInput) (
		result aegis.GateResult, record func(context.Context, aegis.GateResult) (aegis.DecisionRecord, error))
}

// gates are the policy bundles that judge now.
type gates interface {
	// Pin returns the one that decides, and the one that is tried beside it, nil
	// for none.
	Pin() (running, beside Judge)
}

// pricer knows what a difference costs.
type pricer interface {
	Delta(changes []aegis.ResourceChange) (usdMonth float64, unknown []string)
}

// checker runs the checks that stacks declare.
type checker interface {
	Check(ctx context.Context, checks []aegis.Check) []aegis.CheckResult
}

// specs knows what a valid spec is.
type specs interface {
	Validate(spec aegis.Spec) error
	// Contradictions are the faults between specs of one environment, each of which
	// is valid; a field begins with its stack's id.
	Contradictions(specs []aegis.Spec) []aegis.FieldFault
}

// Config is what a Door is made of.
type Config struct {
	Store  store
	Engine engine
	// Direct takes away what no stack manages, for target aws_resource.
	Direct  engine
	Gates   gates
	Pricer  pricer
	Checker checker
	Specs   specs
	Bundles bundles
	// Regions are the estate's, the primary first.
	Regions []string
	// EstateBudgetUSDMonth is the limit that the account "estate" starts with,
	// in US dollars a month; nil is none.
	EstateBudgetUSDMonth *float64
	Logger               *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Span, when set, is called as a stage begins; what it returns is called
	// with the stage's verdict as it ends.
	Span func(ctx context.Context, cs *aegis.AutonomousChangeSet, phase aegis.Phase) (context.Context, func(verdict string))
	// Timing holds the pipeline's durations; a zero field is its default.
	Timing Timing
}

// Timing holds the pipeline's durations and bounds.
type Timing struct {
	// LeaseTTL is how long a silent worker keeps its hold: 12 s.
	LeaseTTL time.Duration
	// Heartbeat is the time between two signs of life: 3 s.
	Heartbeat time.Duration
	// Busy is the pause before a stack owned by another change set, or an
	// engine that is busy, is tried again: 2 s.
	Busy time.Duration
	// Backoff is the pause after the first error; it doubles up to 30 s: 1 s.
	Backoff time.Duration
	// MaxAttempts bounds the tries of one phase: 6.
	MaxAttempts int
	// MaxReplans bounds how often a plan is made anew: 5.
	MaxReplans int
	// Overdue is how late a job may be before it is inserted again: 20 s.
	Overdue time.Duration
	// BreakerTTL is how long a breaker stays open that a failed rollback
	// opened: 1 h.
	BreakerTTL time.Duration
}

// Door is the pipeline. It keeps nothing in memory between steps; any number
// of them may share a store.
type Door struct {
	store   store
	engine  engine
	direct  engine
	gates   gates
	pricer  pricer
	checker checker
	specs   specs
	bundles bundles
	regions []string
	budget  float64
	logger  *slog.Logger
	now     func() time.Time
	span    func(context.Context, *aegis.AutonomousChangeSet, aegis.Phase) (context.Context, func(string))
	timing  Timing
}

// New makes a door of its parts.
func New(c Config) *Door {
	d := &Door{
		store: c.Store, engine: c.Engine, direct: c.Direct, gates: c.Gates, pricer: c.Pricer, checker: c.Checker, specs: c.Specs,
		bundles: c.Bundles, regions: c.Regions, budget: NoLimit, logger: c.Logger, now: c.Now, span: c.Span, timing: c.Timing.orDefaults(),
	}
	if c.EstateBudgetUSDMonth != nil {
		d.budget = *c.EstateBudgetUSDMonth
	}
	if d.logger == nil {
		d.logger = slog.New(slog.DiscardHandler)
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.span == nil {
		d.span = func(ctx context.Context, _ *aegis.AutonomousChangeSet, _ aegis.Phase) (context.Context, func(string)) {
			return ctx, func(string) {}
		}
	}
	return d
}

func (t Timing) orDefaults() Timing {
	return Timing{
		LeaseTTL:    or(t.LeaseTTL, 12*time.Second),
		Heartbeat:   or(t.Heartbeat, 3*time.Second),
		Busy:        or(t.Busy, 2*time.Second),
		Backoff:     or(t.Backoff, time.Second),
		MaxAttempts: or(t.MaxAttempts, 6),
		MaxReplans:  or(t.MaxReplans, 5),
		Overdue:     or(t.Overdue, 20*time.Second),
		BreakerTTL:  or(t.BreakerTTL, time.Hour),
	}
}

func or[T time.Duration | int](value, fallback T) T {
	if value > 0 {
		return value
	}
	return fallback
}
