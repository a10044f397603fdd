package drift

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// maxTargets is how many resources are read by name; for more, all are.
	maxTargets = 25
	// ownedPause and failedPause are the time until a stack that a change set
	// owns, or that could not be read, is looked at again because of an event.
	ownedPause  = 2 * time.Second
	failedPause = 15 * time.Second
	// eventPatience is how long after an event a stack that can't be read is
	// tried; then the sweep has it.
	eventPatience = 10 * time.Minute
)

// laterError says that the job is to be tried again, which is no failure.
type laterError struct{ after time.Duration }

func (e *laterError) Error() string { return "again in " + e.after.String() }

// RetryAfter is how much later.
func (e *laterError) RetryAfter() time.Duration { return e.after }

// Observe looks at what events say of a stack: at the resources that they are
// about, all of them together. An error with RetryAfter asks to be called
// again: a change set owns the stack, or it could not be read.
func (r *Reconciler) Observe(ctx context.Context, stackID string) error {
	release, err := r.locks.acquire(ctx, stackID)
	if err != nil {
		return fmt.Errorf("look at stack %s: %w", stackID, err)
	}
	defer release()
	pending, err := r.store.PendingEvents(ctx, stackID)
	if err != nil || len(pending) == 0 {
		return err //nolint:wrapcheck // it says what was read
	}
	out, err := r.look(ctx, stackID, targetsOf(pending))
	if err != nil {
		return err
	}
	switch out {
	case owned:
		return &laterError{ownedPause}
	case unreadable:
		if r.now().Sub(pending[len(pending)-1].ReceivedAt) < eventPatience {
			return &laterError{failedPause}
		}
		return nil
	case skipped, looked:
	}
	return r.see(ctx, stackID, pending)
}

func (r *Reconciler) see(ctx context.Context, stackID string, pending []aegis.PendingEvent) error {
	if len(pending) == 0 {
		return nil
	}
	ids := make([]string, len(pending))
	for i, p := range pending {
		ids[i] = p.EventID
	}
	return r.store.SeeEvents(ctx, stackID, ids) //nolint:wrapcheck // it says what was written
}

// targetsOf are the resources that the events are about; none when there are
// too many to name.
func targetsOf(pending []aegis.PendingEvent) []string {
	var targets []string
	for _, p := range pending {
		targets = append(targets, p.Addresses...)
	}
	slices.Sort(targets)
	if targets = slices.Compact(targets); len(targets) > maxTargets {
		return nil
	}
	return targets
}

// merge completes a partial observation by the one before it.
func merge(seen, before aegis.Observation) aegis.Observation {
	for _, d := range before.Drift {
		if !slices.Contains(seen.Targets, d.Address) {
			seen.Drift = append(seen.Drift, d)
		}
	}
	for _, e := range before.Expected {
		if !slices.Contains(seen.Targets, e.Address) {
			seen.Expected = append(seen.Expected, e)
		}
	}
	seen.ReadAllAt, seen.Versions = before.ReadAllAt, before.Versions
	return seen
}
