package rollout

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

// badLooks is how many looks in a row must be bad: one alone may be the
// cloud's own delay.
const badLooks = 2

// soak is how long policy wants applied stacks to be watched.
func (r *run) soak() time.Duration {
	if r.cs.ExecutionPolicy == nil {
		return 0
	}
	return time.Duration(r.cs.ExecutionPolicy.RollbackPolicy.SoakSeconds) * time.Second
}

// watch looks at stacks until their soak ends. The first call begins the soak.
// While it lasts the checks must be green; at its end a refresh must be clean,
// too. It never blocks: between looks it waits.
func (r *run) watch(ctx context.Context, stackIDs []string) ([]aegis.CheckResult, Verdict, error) {
	now := r.now()
	if r.cs.SoakUntil == nil {
		until := now.Add(r.soak())
		r.cs.SoakUntil = &until
		if until.After(now) {
			return nil, wait(r.pause(now), "soaking"), nil
		}
	}
	last := !r.cs.SoakUntil.After(now)
	results, problem, err := r.look(ctx, stackIDs, last)
	if err != nil {
		return nil, Verdict{}, err
	}
	switch {
	case problem == "":
		r.memory.Looks = 0
	case r.memory.Looks+1 >= badLooks:
		return results, rollback(problem), nil
	default:
		r.memory.Looks++
		return results, wait(r.timing.Backoff, problem), nil
	}
	if last {
		return results, proceed(), nil
	}
	return results, wait(r.pause(now), "soaking"), nil
}

// pause is the time to the next look: a third of the soak, at least a second
// and at most half a minute, and never beyond its end.
func (r *run) pause(now time.Time) time.Duration {
	const shortest, longest = time.Second, 30 * time.Second
	return min(max(shortest, min(r.soak()/3, longest)), r.cs.SoakUntil.Sub(now))
}

// look runs the checks, and with deep a refresh, and says what is wrong.
func (r *run) look(ctx context.Context, stackIDs []string, deep bool) (results []aegis.CheckResult, problem string, err error) {
	var problems []string
	var checks []aegis.Check
	for _, id := range stackIDs {
		checks = append(checks, r.memory.Checks[id]...)
	}
	if len(checks) > 0 {
		results = r.checker.Check(ctx, checks)
		if err := ctx.Err(); err != nil {
			return nil, "", fmt.Errorf("run checks: %w", err)
		}
		problems = append(problems, red(results, len(checks))...)
	}
	if deep {
		differences, err := r.dirty(ctx, stackIDs)
		if err != nil {
			return nil, "", err
		}
		problems = append(problems, differences...)
	}
	return results, clip(strings.Join(problems, "; ")), nil
}

func red(results []aegis.CheckResult, expected int) []string {
	var out []string
	for _, c := range results {
		if !c.Passed {
			out = append(out, fmt.Sprintf("check %s failed: %s", c.Name, c.Message))
		}
	}
	if len(results) < expected {
		out = append(out, fmt.Sprintf("%d of %d checks gave no result", expected-len(results), expected))
	}
	return out
}

// dirty refreshes stacks and says which differ from their state.
func (r *run) dirty(ctx context.Context, stackIDs []string) ([]string, error) {
	var mu sync.Mutex
	var problems []string
	err := r.timed(len(stackIDs), func() error {
		g, ctx := errgroup.WithContext(ctx)
		for _, id := range stackIDs {
			g.Go(func() error {
				problem, err := r.disagreement(ctx, id)
				if problem != "" {
					mu.Lock()
					problems = append(problems, problem)
					mu.Unlock()
				}
				return err
			})
		}
		return g.Wait()
	})
	return problems, err
}

// disagreement says how a stack differs from what it should be, "" when it
// does not.
func (r *run) disagreement(ctx context.Context, stackID string) (string, error) {
	w, err := r.planned(ctx, r.cs, stackID)
	if err != nil {
		return "", err
	}
	if r.cs.Phase == aegis.PhaseRollback {
		w = w.undone()
	}
	if w.destroy() {
		return r.leftover(ctx, w)
	}
	if r.cs.Phase == aegis.PhaseCanary && r.memory.CanaryRegion != "" {
		w.only = addressesIn(stackChanges(r.cs.Diff, stackID), r.memory.CanaryRegion)
	}
	seen, err := r.tool().Refresh(ctx, r.stackRun(w, nil))
	if err != nil {
		return "", err // which says what was attempted
	}
	if len(seen.Drift) > 0 {
		left, err := r.store.DriftLeft(ctx, stackID)
		if err != nil {
			return "", fmt.Errorf("read what drift of stack %s is left: %w", stackID, err)
		}
		known := len(seen.Expected)
		seen.StackID = stackID
		seen = seen.Expect(left)
		r.leaves(stackID, len(seen.Expected) > known)
	}
	if len(seen.Drift) > 0 {
		return fmt.Sprintf("stack %s differs after the apply: %s and %d more", stackID, seen.Drift[0].Address, len(seen.Drift)-1), nil
	}
	return "", nil
}

// leaves notes that a stack has drift that is known and stays.
func (r *run) leaves(stackID string, something bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == nil {
		r.left = map[string]bool{}
	}
	r.left[stackID] = something
}

// leftover says what a removal left behind.
func (r *run) leftover(ctx context.Context, w desired) (string, error) {
	rest, err := r.tool().Preview(ctx, r.stackRun(w, nil))
	if err != nil {
		return "", err // which says what was attempted
	}
	if !rest.Empty() {
		return fmt.Sprintf("stack %s still has %s", w.stack.StackID, rest.Changes[0].Address), nil
	}
	return "", nil
}
