package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// undo applies the judged inverse to every stack that was touched, last first,
// and verifies it. With nothing touched it only ends the change set.
func undo(ctx context.Context, r *run) (Verdict, error) {
	if !everTouched(r.cs) {
		if r.memory.Cancelled {
			return Verdict{Kind: Cancel, Reason: r.memory.Reason}, nil
		}
		return fail(r.memory.Reason), nil
	}
	if refusal := r.noInverse(); refusal != "" {
		return r.stuck(r.memory.Reason + "; " + refusal), nil
	}
	for _, id := range slices.Backward(r.memory.Order) {
		if !slices.Contains(touched(r.cs), id) {
			continue
		}
		if v, err := r.undoStack(ctx, id); err != nil || v.Kind != Go {
			return v, err
		}
	}
	return r.verifyUndone(ctx)
}

// noInverse says why nothing can be undone.
func (r *run) noInverse() string {
	if len(r.cs.Inverse) == 0 {
		return "a correction of drift has no inverse"
	}
	if p := r.cs.ExecutionPolicy; p != nil && !p.RollbackPolicy.Automatic {
		return "policy does not let it roll back by itself"
	}
	return ""
}

// undone is what a stack was before. One that did not exist is removed, with
// the spec that says what there is to remove.
func (w desired) undone() desired {
	back := w
	back.spec = w.base.Spec
	back.patch = &aegis.SpecPatch{StackID: w.stack.StackID, BaseRevision: w.base.Revision}
	if w.base.Revision == 0 {
		back.spec, back.patch.Destroy = w.spec, true
	}
	return back
}

// undoStack brings one stack back to its base revision. What that takes must
// be a part of the inverse that was judged.
func (r *run) undoStack(ctx context.Context, stackID string) (Verdict, error) {
	w, err := r.planned(ctx, r.cs, stackID)
	if err != nil {
		return Verdict{}, err
	}
	back := w.undone()
	r.segment.stackID = stackID
	if err := r.begin(ctx, progressOf(r.cs, stackID), rollingBack); err != nil {
		return Verdict{}, err
	}
	plan, err := r.repaired(ctx, back)
	if err != nil {
		return Verdict{}, err
	}
	if reason := uncovered(plan, stackChanges(r.cs.InverseDiff, stackID)); reason != "" {
		return r.stuck(r.memory.Reason + "; the rollback of stack " + stackID + " is not the judged one: " + reason), nil
	}
	result, err := r.write(ctx, back, plan.Digest)
	if err != nil {
		return Verdict{}, fmt.Errorf("roll back stack %s: %w", stackID, err)
	}
	return proceed(), r.undoneStack(ctx, back, result)
}

// undoneStack commits that a stack is back, as a new revision with the old
// content when the change had written one.
func (r *run) undoneStack(ctx context.Context, back desired, result aegis.ApplyResult) error {
	id := back.stack.StackID
	p := progressOf(r.cs, id)
	p.Status = rolledBack
	if p.AppliedRevision > 0 {
		r.pending.Revisions = append(r.pending.Revisions, aegis.SpecRevision{
			StackID: id, Revision: p.AppliedRevision + 1, Spec: back.spec, ChangeSetID: r.cs.ChangeSetID,
		})
	}
	r.remembers(id, result)
	r.pending.Stacks = append(r.pending.Stacks, StackUpdate{
		StackID: id, State: aegis.StackConverging, ResourceCount: &result.ResourceCount,
	})
	r.pending.Events = append(r.pending.Events, event(r.cs, "change_set.progress", p))
	r.pending.Trace = r.trace(Verdict{Kind: Go})
	return r.checkpoint(ctx)
}

// verifyUndone refreshes what was rolled back, and does so twice when it
// differs. Checks that stay red don't count: the stacks are what they were.
func (r *run) verifyUndone(ctx context.Context) (Verdict, error) {
	ids := undoneStacks(r.cs)
	problems, err := r.dirty(ctx, ids)
	if err != nil {
		return Verdict{}, err
	}
	if len(problems) > 0 {
		problem := strings.Join(problems, "; ")
		r.memory.Looks++
		if r.memory.Looks < badLooks {
			return wait(r.timing.Backoff, problem), nil
		}
		return r.stuck(r.memory.Reason + "; after the rollback: " + problem), nil
	}
	for _, id := range ids {
		w, err := r.planned(ctx, r.cs, id)
		if err != nil {
			return Verdict{}, err
		}
		r.settleStack(id, r.settled(w.undone()))
	}
	return proceed(), nil
}

func undoneStacks(cs *aegis.AutonomousChangeSet) []string {
	var ids []string
	for _, p := range cs.Progress {
		if p.Status == rolledBack {
			ids = append(ids, p.StackID)
		}
	}
	return ids
}

// stuck ends a rollback that can't be finished: what was touched is unknown
// now, and its breakers open, so that nothing else is built on it.
func (r *run) stuck(reason string) Verdict {
	now := r.now()
	expires := now.Add(r.timing.BreakerTTL)
	reason = clip(reason)
	left := append(touched(r.cs), undoneStacks(r.cs)...)
	for _, id := range left {
		p := progressOf(r.cs, id)
		p.Error = reason
		r.setStack(StackUpdate{StackID: id, State: aegis.StackUnknown, Error: reason})
		r.pending.Breakers = append(r.pending.Breakers, aegis.Breaker{
			BreakerID: aegis.NewID(aegis.BreakerPrefix, now), Scope: aegis.BreakerStack, Key: id, Open: true,
			Reason: "rollback of " + r.cs.ChangeSetID + " failed", OpenedBy: "aegis", OpenedAt: now, ExpiresAt: &expires,
		})
	}
	return fail(reason)
}

// Rollback proposes to undo what a finished change set applied: a new change
// set through the door, whose patches are the inverse. That of a rollback
// works as well. ErrConflict says that there is nothing to undo.
func (d *Door) Rollback(ctx context.Context, changeSetID, actor string) (aegis.AutonomousChangeSet, error) {
	cs, err := d.store.ChangeSet(ctx, changeSetID)
	if err != nil {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("read change set %s: %w", changeSetID, err)
	}
	if !cs.PromotionState.Terminal() {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("change set %s is still %s, cancel it instead: %w",
			changeSetID, cs.PromotionState, aegis.ErrConflict)
	}
	if aBundle(&cs) {
		return d.undoneBundle(ctx, &cs, actor)
	}
	patches := standing(&cs)
	if len(patches) == 0 {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("change set %s (%s) left nothing applied that has an inverse: %w",
			changeSetID, cs.PromotionState, aegis.ErrConflict)
	}
	undo, err := d.Propose(ctx, aegis.AutonomousChangeSet{
		Source: aegis.SourceRollback, Actor: actor, Summary: "Roll back " + changeSetID + ": " + cs.Summary,
		Target: aegis.Target{Kind: cs.Target.Kind}, Patches: patches, RollbackOf: changeSetID,
	})
	if errors.Is(err, aegis.ErrInvalid) {
		return undo, fmt.Errorf("the inverse no longer fits: %w: %w", aegis.ErrConflict, err)
	}
	return undo, err
}

// standing is the inverse of what a change set applied and did not undo.
func standing(cs *aegis.AutonomousChangeSet) []aegis.SpecPatch {
	var out []aegis.SpecPatch
	for _, patch := range cs.Inverse {
		p := progressOf(cs, patch.StackID)
		if p.AppliedRevision > 0 && p.Status != rolledBack {
			patch.BaseRevision = p.AppliedRevision
			out = append(out, patch)
		}
	}
	return out
}
