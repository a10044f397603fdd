package drift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// engine looks at stacks without changing them.
type engine interface {
	Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error)
	// ImportSpec returns the spec that the stack was made with, ErrNotFound
	// when nothing was made yet.
	ImportSpec(ctx context.Context, stack aegis.Stack) (aegis.Spec, error)
}

// door takes proposals.
type door interface {
	Propose(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error)
}

// stacks are what is known of the estate.
type stacks interface {
	Stack(ctx context.Context, stackID string) (aegis.Stack, error)
	Stacks(ctx context.Context, page aegis.Page) (items []aegis.Stack, next string, err error)
	SetStackState(ctx context.Context, stackID string, state aegis.StackState, errText string, resourceCount int, reconciledAt *time.Time) error
	SaveObservation(ctx context.Context, seen aegis.Observation) error
	// Observation is the newest that was saved, or ErrNotFound.
	Observation(ctx context.Context, stackID string) (aegis.Observation, error)
}

// specs are the stacks' revisions.
type specs interface {
	SpecRevision(ctx context.Context, stackID string, revision int64) (aegis.SpecRevision, error)
	// AddSpecRevision returns ErrConflict when the stack has that revision.
	AddSpecRevision(ctx context.Context, revision aegis.SpecRevision) error
}

// changes say what is being done to stacks.
type changes interface {
	Leases(ctx context.Context, stackIDs []string) ([]aegis.Lease, error)
	ChangeSets(ctx context.Context, filter aegis.ChangeSetFilter, page aegis.Page) (items []aegis.AutonomousChangeSet, next string, err error)
	EnqueueReconcile(ctx context.Context, stackID string) error
}

// reports are drift reports and what explains them.
type reports interface {
	// UpdateDrift gives decide the stack's open reports and keeps what it returns,
	// one caller at a time.
	UpdateDrift(ctx context.Context, stackID string, decide func(open []aegis.DriftReport) []aegis.DriftWrite) error
	// CloudEvents are events that name any of the keys, newest first.
	CloudEvents(ctx context.Context, stackID string, keys []string, since, until time.Time) ([]aegis.CloudEvent, error)
	StackResources(ctx context.Context, stackID string) ([]aegis.IndexedResource, error)
	PendingEvents(ctx context.Context, stackID string) ([]aegis.PendingEvent, error)
	SeeEvents(ctx context.Context, stackID string, eventIDs []string) error
}

// rules say which drift is expected.
type rules interface {
	// MeetDriftRules notes that each of the rules was why drift was let be.
	MeetDriftRules(ctx context.Context, ruleIDs []string) error
}

// store is all that a Reconciler reads and writes.
type store interface {
	stacks
	specs
	changes
	reports
	decisions
}

// decisions are what says what is to be done about drift.
type decisions interface {
	listing
	breakers
	rules
	// DriftReport returns ErrNotFound when there is none.
	DriftReport(ctx context.Context, id string) (aegis.DriftReport, error)
}

// Config is what a Reconciler is made of.
type Config struct {
	Store  store
	Engine engine
	Door   door
	Policy policy
	// Parameters finds what adopts drift; without it, nothing is adopted.
	Parameters parameters
	// Interval is the time between two looks at a stack: 5 min when 0.
	Interval time.Duration
	// Batch is how many stacks one Sweep asks for at most: 20 when 0.
	Batch int
	// Pause is how long no correction of a stack is proposed after one that
	// was not promoted: 2 min when 0.
	Pause  time.Duration
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Reconciler compares stacks with their specs. Any number of them may share a
// store.
type Reconciler struct {
	store      store
	engine     engine
	door       door
	policy     policy
	parameters parameters
	interval   time.Duration
	batch      int
	pause      time.Duration
	logger     *slog.Logger
	now        func() time.Time

	locks stackLocks
	mu    sync.Mutex
	asked map[string]time.Time // when Sweep last asked for a stack
}

// New makes a reconciler of its parts.
func New(c Config) *Reconciler {
	r := &Reconciler{
		store: c.Store, engine: c.Engine, door: c.Door, policy: c.Policy, parameters: c.Parameters, interval: c.Interval, batch: c.Batch, pause: c.Pause,
		logger: c.Logger, now: c.Now, asked: map[string]time.Time{}, locks: stackLocks{held: map[string]*stackLock{}},
	}
	if r.interval <= 0 {
		r.interval = 5 * time.Minute
	}
	if r.batch <= 0 {
		r.batch = 20
	}
	if r.pause <= 0 {
		r.pause = 2 * time.Minute
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// outcome is what came of a look at a stack.
type outcome int

const (
	// skipped is a stack in which there is nothing to look at.
	skipped outcome = iota
	// owned is a stack that a change set is at.
	owned
	// unreadable is a stack whose state was written as unknown.
	unreadable
	// looked is a stack whose state was written as clean or drifted.
	looked
)

// Reconcile looks at one stack: it imports the spec of a stack that has no
// revision, refreshes, writes down whether the stack is clean, drifted or
// unknown, reports what drifted with its cause, and proposes to correct it. A
// stack that a change set owns, or in which nothing was made, is left alone.
// That a look failed is written into the stack's state and is no error; an
// error means that nothing could be written.
func (r *Reconciler) Reconcile(ctx context.Context, stackID string) error {
	release, err := r.locks.acquire(ctx, stackID)
	if err != nil {
		return fmt.Errorf("look at stack %s: %w", stackID, err)
	}
	defer release()
	pending, err := r.store.PendingEvents(ctx, stackID)
	if err != nil {
		return err //nolint:wrapcheck // it says what was read
	}
	out, err := r.look(ctx, stackID, nil)
	if err != nil || out != looked {
		return err
	}
	return r.see(ctx, stackID, pending)
}

// look reads the targets, or all where there are none or too little is known
// of the rest, and writes what it saw.
func (r *Reconciler) look(ctx context.Context, stackID string, targets []string) (outcome, error) {
	stack, err := r.store.Stack(ctx, stackID)
	if err != nil {
		return skipped, fmt.Errorf("read stack %s: %w", stackID, err)
	}
	if stack.State == aegis.StackPending && stack.Revision > 0 {
		return skipped, nil // it was removed on purpose
	}
	if held, err := r.owned(ctx, stackID); err != nil || held {
		return owned, err
	}
	spec, err := r.spec(ctx, stack)
	if errors.Is(err, aegis.ErrNotFound) && stack.Revision == 0 {
		return skipped, nil
	}
	if err != nil {
		return unreadable, r.unknown(ctx, stack, fmt.Errorf("read the spec: %w", err))
	}
	stack.Revision = max(stack.Revision, spec.Revision)
	before, err := r.before(ctx, stack)
	if err != nil {
		return skipped, err
	}
	if before.ReadAllAt.IsZero() || stack.State != aegis.StackClean && stack.State != aegis.StackDrifted {
		targets = nil
	}
	seen, err := r.engine.Refresh(ctx, aegis.StackRun{Stack: stack, Spec: spec.Spec, Targets: targets})
	if err != nil {
		return unreadable, r.unknown(ctx, stack, fmt.Errorf("refresh: %w", err))
	}
	if moved, err := r.moved(ctx, stack); err != nil || moved {
		return owned, err
	}
	return looked, r.write(ctx, stack, seen, before)
}

// before is what was known of the stack until now; ReadAllAt is zero when that
// is nothing. A change set that read it and left it clean knows better than an
// observation from before.
func (r *Reconciler) before(ctx context.Context, stack aegis.Stack) (aegis.Observation, error) {
	seen, err := r.store.Observation(ctx, stack.StackID)
	if err != nil && !errors.Is(err, aegis.ErrNotFound) {
		return seen, fmt.Errorf("read the last observation of stack %s: %w", stack.StackID, err)
	}
	if err == nil && seen.ReadAllAt.IsZero() {
		seen.ReadAllAt = seen.ObservedAt
	}
	if at := stack.LastReconciledAt; at != nil && stack.State == aegis.StackClean && at.After(seen.ReadAllAt) {
		seen.Drift, seen.ReadAllAt = nil, *at
	}
	return seen, nil
}

// owned says that a change set is at the stack, so that what is seen of it
// means nothing.
func (r *Reconciler) owned(ctx context.Context, stackID string) (bool, error) {
	leases, err := r.store.Leases(ctx, []string{stackID})
	if err != nil {
		return false, fmt.Errorf("read the lease of stack %s: %w", stackID, err)
	}
	for _, l := range leases {
		if l.ChangeSetID != "" {
			return true, nil
		}
	}
	return false, nil
}

// moved says that a change set came between the first look at the stack and
// now.
func (r *Reconciler) moved(ctx context.Context, before aegis.Stack) (bool, error) {
	if owned, err := r.owned(ctx, before.StackID); err != nil || owned {
		return owned, err
	}
	now, err := r.store.Stack(ctx, before.StackID)
	if err != nil {
		return false, fmt.Errorf("read stack %s: %w", before.StackID, err)
	}
	return now.Revision != before.Revision, nil
}

// spec is the newest revision; one that a stack was made with outside the
// pipeline becomes its first.
func (r *Reconciler) spec(ctx context.Context, stack aegis.Stack) (aegis.SpecRevision, error) {
	newest, err := r.store.SpecRevision(ctx, stack.StackID, 0)
	if !errors.Is(err, aegis.ErrNotFound) {
		return newest, err //nolint:wrapcheck // the caller says what was read
	}
	found, err := r.engine.ImportSpec(ctx, stack)
	if err != nil {
		return aegis.SpecRevision{}, fmt.Errorf("import: %w", err)
	}
	first := aegis.SpecRevision{StackID: stack.StackID, Revision: 1, Spec: found, CreatedAt: r.now()}
	err = r.store.AddSpecRevision(ctx, first)
	if errors.Is(err, aegis.ErrConflict) {
		return r.store.SpecRevision(ctx, stack.StackID, 0) //nolint:wrapcheck // another reconciler imported it first
	}
	if err != nil {
		return aegis.SpecRevision{}, fmt.Errorf("write the imported revision: %w", err)
	}
	r.logger.InfoContext(ctx, "spec imported", "stack_id", stack.StackID)
	return first, nil
}

// unknown writes that the stack could not be looked at. An error is never
// taken for drift.
func (r *Reconciler) unknown(ctx context.Context, stack aegis.Stack, cause error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("reconcile stack %s: %w", stack.StackID, cause)
	}
	if moved, err := r.owned(ctx, stack.StackID); err != nil || moved {
		return err
	}
	r.logger.WarnContext(ctx, "stack can't be looked at", "stack_id", stack.StackID, "error", cause)
	err := r.store.SetStackState(ctx, stack.StackID, aegis.StackUnknown, cause.Error(), stack.ResourceCount, nil)
	if err != nil {
		return fmt.Errorf("write state of stack %s: %w", stack.StackID, err)
	}
	return nil
}

// write keeps what was seen and what follows from it.
func (r *Reconciler) write(ctx context.Context, stack aegis.Stack, seen, before aegis.Observation) error {
	now := r.now()
	seen.StackID = stack.StackID
	seen, err := r.apart(ctx, seen)
	if err != nil {
		return err
	}
	if seen.ObservedAt.IsZero() {
		seen.ObservedAt = now
	}
	reconciledAt, upgrade := &now, before.Versions.Upgrade(seen.Versions)
	if len(seen.Targets) > 0 {
		seen, reconciledAt = merge(seen, before), nil // the sweep still has to look at the rest
	} else {
		seen.ReadAllAt = seen.ObservedAt
	}
	if err := r.store.SaveObservation(ctx, seen); err != nil {
		return fmt.Errorf("save observation of stack %s: %w", stack.StackID, err)
	}
	state := aegis.StackClean
	if len(seen.Drift) > 0 {
		state = aegis.StackDrifted
	}
	if err := r.store.SetStackState(ctx, stack.StackID, state, "", seen.ResourceCount, reconciledAt); err != nil {
		return fmt.Errorf("write state of stack %s: %w", stack.StackID, err)
	}
	if err := r.meet(ctx, seen.Expected, before.Expected); err != nil {
		return err
	}
	verdict, err := r.report(ctx, stack, seen, before, upgrade)
	if err != nil || stack.Observed() {
		return err // drift of what is only observed is reported and left alone
	}
	if verdict.correct {
		return r.correct(ctx, stack, seen, verdict.addresses) // what is to be adopted comes after that
	}
	return r.adopt(ctx, stack, verdict.adopt)
}

// apart leaves rules of security groups that are no part of their group to the
// Stock.
func (r *Reconciler) apart(ctx context.Context, seen aegis.Observation) (aegis.Observation, error) {
	if !slices.ContainsFunc(seen.Drift, func(c aegis.ResourceChange) bool { return c.Type == securityGroup }) {
		return seen, nil
	}
	resources, err := r.store.StackResources(ctx, seen.StackID)
	if err != nil {
		return seen, fmt.Errorf("look at the security groups of stack %s: %w", seen.StackID, err)
	}
	return apart(seen, resources), nil
}

// meet counts drift that rules let be and that was not there before.
func (r *Reconciler) meet(ctx context.Context, now, before []aegis.ExpectedDrift) error {
	var ids []string
	for _, e := range now {
		if !slices.ContainsFunc(before, func(b aegis.ExpectedDrift) bool { return aegis.SameValue(b, e) }) {
			ids = append(ids, e.RuleID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return r.store.MeetDriftRules(ctx, ids) //nolint:wrapcheck // it says what was written
}

// report writes drift reports of what was seen, with their causes and what is
// to be done.
func (r *Reconciler) report(
	ctx context.Context, stack aegis.Stack, seen, before aegis.Observation, upgrade string,
) (v verdict, err error) {
	l := look{stack: stack, at: r.now().UTC(), targets: seen.Targets, expected: seen.Expected, upgrade: upgrade}
	since := before.ReadAllAt
	if !since.IsZero() {
		l.notBefore = &before.ReadAllAt
	}
	if len(seen.Drift) > 0 {
		resources, err := r.store.StackResources(ctx, stack.StackID)
		if err != nil {
			return v, fmt.Errorf("report drift of stack %s: %w", stack.StackID, err)
		}
		index := indexOf(resources)
		for _, c := range seen.Drift {
			l.found = append(l.found, departures(c, resourceOf(c, index))...)
		}
		if len(before.Drift) > 0 {
			since = time.Time{} // what drifted before may find its cause only now
		}
		if l.events, err = r.candidates(ctx, stack.StackID, l.found, since, l.at); err != nil {
			return v, err
		}
		if v, err = r.decide(ctx, l, seen); err != nil {
			return v, err
		}
	}
	err = r.store.UpdateDrift(ctx, stack.StackID, func(open []aegis.DriftReport) []aegis.DriftWrite {
		v.adopt = untried(v.adopt, open)
		return l.settle(open)
	})
	if err != nil {
		return v, fmt.Errorf("report drift of stack %s: %w", stack.StackID, err)
	}
	return v, nil
}
