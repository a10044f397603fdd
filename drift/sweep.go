package drift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Sweep asks for a look at the stacks that were not looked at for the
// interval, the longest unseen first, at most Batch of them. Each is a job of
// its own, so that a stack that can't be looked at does not hold up others.
func (r *Reconciler) Sweep(ctx context.Context) error {
	all, err := r.all(ctx)
	if err != nil {
		return err
	}
	due := r.unseen(all)
	var failures []error
	for _, stack := range due[:min(len(due), r.batch)] {
		if err := r.store.EnqueueReconcile(ctx, stack.StackID); err != nil {
			failures = append(failures, fmt.Errorf("ask for a look at stack %s: %w", stack.StackID, err))
			continue
		}
		r.mu.Lock()
		r.asked[stack.StackID] = r.now()
		r.mu.Unlock()
	}
	return errors.Join(failures...)
}

func (r *Reconciler) all(ctx context.Context) ([]aegis.Stack, error) {
	var all []aegis.Stack
	page := aegis.Page{Limit: 500}
	for {
		items, next, err := r.store.Stacks(ctx, page)
		if err != nil {
			return nil, fmt.Errorf("list stacks: %w", err)
		}
		all = append(all, items...)
		if next == "" {
			return all, nil
		}
		page.Cursor = next
	}
}

// unseen are the stacks that are due, the longest unseen first. A look that
// was asked for counts as one even where it failed, or nothing could be seen:
// else the same stacks would come first for ever.
func (r *Reconciler) unseen(all []aegis.Stack) []aegis.Stack {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	seen := func(s aegis.Stack) time.Time {
		at := r.asked[s.StackID]
		if s.LastReconciledAt != nil && s.LastReconciledAt.After(at) {
			at = *s.LastReconciledAt
		}
		return at
	}
	due := slices.DeleteFunc(slices.Clone(all), func(s aegis.Stack) bool {
		return now.Sub(seen(s)) < r.interval || s.State == aegis.StackPending && s.Revision > 0
	})
	slices.SortStableFunc(due, func(a, b aegis.Stack) int { return seen(a).Compare(seen(b)) })
	return due
}
