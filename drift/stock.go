package drift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// busyPause is the time until a region is looked at again because a change set
// is at one of its stacks: such a look costs more than one at a stack.
const busyPause = 5 * time.Second

// account lists what engines don't see when it is added beside what they
// manage.
type account interface {
	Inventory(ctx context.Context, region string) ([]aegis.CloudResource, error)
}

// policy says what to do about drift; reason says why it could not.
type policy interface {
	DecideDrift(ctx context.Context, seen aegis.DriftedAttribute) (decision aegis.DriftDecision, reason string)
}

// states lists what stacks manage, from their state as it is now.
type states interface {
	Resources(ctx context.Context, run aegis.StackRun) ([]aegis.IndexedResource, error)
}

// baseline is what was found unmanaged and is known.
type baseline interface {
	// Baseline are the keys that are known in a region; taken is when that was
	// last written, zero before the first time.
	Baseline(ctx context.Context, region string) (keys []string, taken time.Time, err error)
	SaveBaseline(ctx context.Context, region string, known []aegis.CloudResource) error
	// ResourcesByKey are the managed resources that any of the keys may mean.
	ResourcesByKey(ctx context.Context, keys []string) ([]aegis.IndexedResource, error)
	// EnqueueStock asks for a Take.
	EnqueueStock(ctx context.Context, region string) error
}

// stockReports are drift reports, and what explains and corrects them.
type stockReports interface {
	UpdateDrift(ctx context.Context, stackID string, decide func(open []aegis.DriftReport) []aegis.DriftWrite) error
	DriftReports(ctx context.Context, filter aegis.DriftFilter, page aegis.Page) ([]aegis.DriftReport, string, error)
	CloudEvents(ctx context.Context, stackID string, keys []string, since, until time.Time) ([]aegis.CloudEvent, error)
	ChangeSet(ctx context.Context, changeSetID string) (aegis.AutonomousChangeSet, error)
	// DriftRules are the live rules of a stack, or of what belongs to none.
	DriftRules(ctx context.Context, stackID string) ([]aegis.DriftRule, error)
}

// stockStacks are the stacks that parents belong to.
type stockStacks interface {
	Stack(ctx context.Context, stackID string) (aegis.Stack, error)
	Leases(ctx context.Context, stackIDs []string) ([]aegis.Lease, error)
}

// stockStore is all that a Stock reads and writes.
type stockStore interface {
	baseline
	stockReports
	stockStacks
	breakers
	rules
}

// StockConfig is what a Stock is made of.
type StockConfig struct {
	Store   stockStore
	Account account
	States  states
	Policy  policy
	Door    door
	// Home is the stack under whose lease and limits a resource of its own is
	// removed where policy says so; "" is none. Nil has none.
	Home func(r aegis.CloudResource) (stackID string)
	// Regions are the estate's, the primary first.
	Regions []string
	// Interval is the time between two looks at a region: 5 min when 0.
	Interval time.Duration
	// Pause is how long no removal is proposed after one that was not promoted:
	// 2 min when 0.
	Pause  time.Duration
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Stock looks for what no stack manages: a rule beside a group's own, a policy
// attached to a role, an access key, a bucket's policy, an instance, a snapshot
// that everyone may copy. Engines call that no change. What is there when a
// region is looked at first is its baseline; what comes after is drift of kind
// unmanaged.
type Stock struct {
	StockConfig
}

// NewStock makes a Stock of its parts.
func NewStock(c StockConfig) *Stock {
	if c.Interval <= 0 {
		c.Interval = 5 * time.Minute
	}
	if c.Pause <= 0 {
		c.Pause = 2 * time.Minute
	}
	if c.Home == nil {
		c.Home = func(aegis.CloudResource) string { return "" }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Stock{c}
}

// Sweep asks for a look at each region that was not looked at for the interval.
func (s *Stock) Sweep(ctx context.Context) error {
	var failures []error
	for _, region := range s.Regions {
		_, taken, err := s.Store.Baseline(ctx, region)
		if err == nil && s.Now().Sub(taken) >= s.Interval {
			err = s.Store.EnqueueStock(ctx, region)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// Take looks at one region, "" for what has none, reports what is new and what
// is gone, and proposes to remove what policy says. An error with RetryAfter asks
// to be called again: a change set is at a stack to which something new belongs.
// Another error means that nothing is known.
func (s *Stock) Take(ctx context.Context, region string) error {
	if region == "" {
		region = s.Regions[0] // with which it is listed
	}
	if !slices.Contains(s.Regions, region) {
		return nil // the estate is not there
	}
	found, err := s.Account.Inventory(ctx, region)
	if err != nil {
		return err //nolint:wrapcheck // it says what was looked at
	}
	index, err := s.Store.ResourcesByKey(ctx, keysOf(found))
	if err != nil {
		return err //nolint:wrapcheck // it says what was read
	}
	keys, taken, err := s.Store.Baseline(ctx, region)
	if err != nil {
		return err //nolint:wrapcheck // it says what was read
	}
	var known, fresh []aegis.CloudResource
	for _, r := range beside(found, index) {
		if slices.Contains(keys, r.Key()) {
			known = append(known, r)
		} else {
			fresh = append(fresh, r)
		}
	}
	fresh, busy, err := s.confirmed(ctx, fresh)
	if err != nil {
		return err
	}
	first := taken.IsZero()
	if first {
		known = fresh
	}
	if err := s.Store.SaveBaseline(ctx, region, known); err != nil || first {
		return err //nolint:wrapcheck // it says what was written
	}
	if err := s.report(ctx, s.Now().UTC(), region, found, fresh, busy); err != nil || len(busy) == 0 {
		return err
	}
	return &laterError{busyPause} // nobody else asks once the change set is done
}

// confirmed are the resources that no stack has in its state either: an index
// may be older than what `pulumi up` wrote. Rules beside inline ones are their
// group's drift. What belongs to a stack that a
// change set is at is left out, for it may be the change set's; busy are these
// stacks.
func (s *Stock) confirmed(ctx context.Context, candidates []aegis.CloudResource) (out []aegis.CloudResource, busy []string, err error) {
	var ids []string
	for _, r := range candidates {
		if r.StackID != "" {
			ids = append(ids, r.StackID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	leases, err := s.Store.Leases(ctx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("read leases: %w", err)
	}
	for _, l := range leases {
		if l.ChangeSetID != "" {
			busy = append(busy, l.StackID)
		}
	}
	var actual []aegis.IndexedResource
	for _, id := range ids {
		if slices.Contains(busy, id) {
			continue
		}
		resources, err := s.state(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		actual = append(actual, resources...)
	}
	out = slices.DeleteFunc(candidates, func(r aegis.CloudResource) bool {
		return slices.Contains(busy, r.StackID) || inline(r, actual) ||
			slices.ContainsFunc(actual, func(m aegis.IndexedResource) bool { return is(r, m) })
	})
	return out, busy, nil
}

func (s *Stock) state(ctx context.Context, stackID string) ([]aegis.IndexedResource, error) {
	stack, err := s.Store.Stack(ctx, stackID)
	if err != nil {
		return nil, fmt.Errorf("read stack %s: %w", stackID, err)
	}
	resources, err := s.States.Resources(ctx, aegis.StackRun{Stack: stack})
	if errors.Is(err, aegis.ErrNotFound) {
		return nil, nil
	}
	return resources, err //nolint:wrapcheck // it says what was read
}
