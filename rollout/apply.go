package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// apply changes the remaining stacks, one after the other.
func apply(ctx context.Context, r *run) (Verdict, error) {
	for _, id := range r.memory.Order {
		if v, err := r.applyStack(ctx, id); err != nil || v.Kind != Go {
			return v, err
		}
	}
	return proceed(), nil
}

// applyStack brings one stack to its planned spec and commits that it did. Go
// means that it is applied, now or before.
//
// That the stack is being applied is committed before the engine starts. A
// worker that finds that status, without having set it, continues what another
// began; see remainder.
func (r *run) applyStack(ctx context.Context, stackID string) (Verdict, error) {
	p := progressOf(r.cs, stackID)
	if p.Status == applied || p.Status == verified {
		return proceed(), nil
	}
	w, err := r.planned(ctx, r.cs, stackID)
	if err != nil {
		return Verdict{}, err
	}
	r.segment.stackID = stackID
	digest := r.cs.PlanDigests[stackID]
	if p.Status == applying {
		rest, reason, err := r.remainder(ctx, w)
		if err != nil {
			return engineVerdict(p, err)
		}
		if reason != "" {
			return rollback("can't continue an interrupted apply of stack " + stackID + ": " + reason), nil
		}
		digest = rest.Digest
	}
	if err := r.begin(ctx, p, applying); err != nil {
		return Verdict{}, err
	}
	result, err := r.write(ctx, w, digest)
	if errors.Is(err, aegis.ErrDigestMismatch) && digest == r.cs.PlanDigests[stackID] {
		return r.differs(w, p), nil
	}
	if err != nil {
		return engineVerdict(p, err) // which says what was attempted
	}
	return proceed(), r.applied(ctx, w, result)
}

// remainder repairs a stack whose apply was interrupted and plans what is left
// to do. A reason says that this is more, or other, than what was judged.
func (r *run) remainder(ctx context.Context, w desired) (rest aegis.Plan, reason string, err error) {
	rest, err = r.repaired(ctx, w)
	if err != nil || rest.Digest == r.cs.PlanDigests[w.stack.StackID] {
		return rest, "", err
	}
	return rest, uncovered(rest, stackChanges(r.cs.Diff, w.stack.StackID)), nil
}

// repaired heals what an interrupted operation left behind and plans anew.
func (r *run) repaired(ctx context.Context, w desired) (rest aegis.Plan, err error) {
	err = r.timed(2, func() error {
		if _, err := r.tool().Repair(ctx, r.stackRun(w, r.cs.ExecutionPolicy)); err != nil {
			return err // which says what was attempted
		}
		if rest, err = r.tool().Preview(ctx, r.stackRun(w, nil)); err != nil {
			return err // which says what was attempted
		}
		return nil
	})
	return rest, err
}

func stackChanges(diff []aegis.ResourceChange, stackID string) []aegis.ResourceChange {
	return slices.DeleteFunc(slices.Clone(diff), func(c aegis.ResourceChange) bool { return c.StackID != stackID })
}

// begin commits that an engine is about to write to the stack, and proves the
// hold once more.
func (r *run) begin(ctx context.Context, p *aegis.StackProgress, status string) error {
	p.Status, p.Error = status, ""
	r.setStack(StackUpdate{StackID: p.StackID, State: aegis.StackConverging})
	r.pending.Events = append(r.pending.Events, event(r.cs, "change_set.progress", p))
	if err := r.checkpoint(ctx); err != nil {
		return err
	}
	return r.hold.beat(ctx)
}

// errOvertime says that an apply took longer than policy grants.
var errOvertime = errors.New("took longer than resource_limits.max_duration_seconds of the execution policy")

// write runs the engine's apply within the granted time. An engine takes an
// empty digest for any, so that none is passed on.
func (r *run) write(ctx context.Context, w desired, digest string) (result aegis.ApplyResult, err error) {
	if digest == "" {
		return result, fmt.Errorf("stack %s has no judged digest", w.stack.StackID)
	}
	if p := r.cs.ExecutionPolicy; p != nil && p.ResourceLimits.MaxDurationSecs > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(p.ResourceLimits.MaxDurationSecs)*time.Second, errOvertime)
		defer cancel()
	}
	err = r.timed(1, func() error {
		result, err = r.tool().Apply(ctx, r.stackRun(w, r.cs.ExecutionPolicy), digest)
		return err //nolint:wrapcheck // the caller knows what was applied
	})
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errOvertime) {
		err = fmt.Errorf("apply to stack %s %w: %w", w.stack.StackID, cause, err)
	}
	return result, err
}

// differs answers a plan that is not the judged one: the engine changed
// nothing, so the plan is made anew unless another stack was changed before.
func (r *run) differs(w desired, p *aegis.StackProgress) Verdict {
	p.Status = planned
	reason := "the plan of stack " + p.StackID + " is no longer the judged one"
	left := StackUpdate{StackID: p.StackID, State: aegis.StackUnknown, Error: reason}
	if w.base.Revision == 0 {
		left = StackUpdate{StackID: p.StackID, State: aegis.StackPending}
	}
	r.setStack(left)
	if everTouched(r.cs) {
		return rollback(reason)
	}
	return replan(reason)
}

// engineVerdict tells what the cloud refused, or what had no time left, which
// ends the change, from machinery, which is tried again.
func engineVerdict(p *aegis.StackProgress, err error) (Verdict, error) {
	if errors.Is(err, aegis.ErrProvider) || errors.Is(err, errOvertime) {
		p.Error = clip(err.Error())
		return rollback(p.Error), nil
	}
	return Verdict{}, err
}

// applied commits that a stack was applied, with its new revision.
func (r *run) applied(ctx context.Context, w desired, result aegis.ApplyResult) error {
	p := progressOf(r.cs, w.stack.StackID)
	p.Status = applied
	r.writeRevision(w)
	r.remembers(w.stack.StackID, result)
	r.pending.Stacks = append(r.pending.Stacks, StackUpdate{
		StackID: w.stack.StackID, State: aegis.StackConverging, ResourceCount: &result.ResourceCount,
	})
	r.pending.Events = append(r.pending.Events, event(r.cs, "change_set.progress", p))
	r.pending.Trace = r.trace(Verdict{Kind: Go})
	return r.checkpoint(ctx)
}

// remembers keeps what an apply said of the stack, and that machinery works.
func (r *run) remembers(stackID string, result aegis.ApplyResult) {
	if r.memory.Checks == nil {
		r.memory.Checks = map[string][]aegis.Check{}
	}
	r.memory.Checks[stackID] = result.Checks
	r.memory.Attempts = 0
}
