package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
)

// stage does the work of one phase. It may commit checkpoints through the run
// and leaves in run.step what the verdict's commit is to write.
type stage func(context.Context, *run) (Verdict, error)

// stages is the pipeline of a kind of target.
func stages(kind aegis.TargetKind) map[aegis.Phase]stage {
	if kind == aegis.TargetPolicyBundle {
		return bundleStages()
	}
	return map[aegis.Phase]stage{
		aegis.PhasePlan:     plan,
		aegis.PhaseGate:     judge,
		aegis.PhaseCanary:   canary,
		aegis.PhaseApply:    apply,
		aegis.PhaseVerify:   verify,
		aegis.PhaseRollback: undo,
	}
}

// place is where a change set stands: what the pipeline does next, and what
// people see of it.
type place struct {
	phase aegis.Phase
	state aegis.PromotionState
}

// next says where a verdict leads; ok is false for a verdict that the phase
// can't give.
func next(phase aegis.Phase, v Verdict) (to place, ok bool) {
	switch v.Kind {
	case Wait:
		return place{phase, stateOf(phase)}, phase != aegis.PhaseDone
	case Go:
		return advance(phase, v.Next)
	case Promote:
		return place{aegis.PhaseDone, aegis.StatePromoted}, phase == aegis.PhasePlan || phase == aegis.PhaseVerify
	case Deny:
		return place{aegis.PhaseDone, aegis.StateDenied}, phase == aegis.PhaseGate
	case Replan:
		return place{aegis.PhasePlan, aegis.StateProposed}, phase != aegis.PhaseVerify && phase != aegis.PhaseRollback && phase != aegis.PhaseDone
	case Rollback:
		return place{aegis.PhaseRollback, aegis.StateRollingBack}, phase == aegis.PhaseCanary || phase == aegis.PhaseApply || phase == aegis.PhaseVerify
	case Fail:
		return place{aegis.PhaseDone, aegis.StateFailed}, phase == aegis.PhasePlan || phase == aegis.PhaseGate || phase == aegis.PhaseRollback
	case Cancel:
		return place{aegis.PhaseDone, aegis.StateCancelled}, phase == aegis.PhasePlan || phase == aegis.PhaseGate || phase == aegis.PhaseRollback
	default:
		return place{}, false
	}
}

func advance(phase, choice aegis.Phase) (place, bool) {
	switch phase {
	case aegis.PhasePlan:
		return place{aegis.PhaseGate, aegis.StateProposed}, true
	case aegis.PhaseGate:
		return place{choice, stateOf(choice)}, choice == aegis.PhaseCanary || choice == aegis.PhaseApply
	case aegis.PhaseCanary:
		return place{aegis.PhaseApply, aegis.StateApplying}, true
	case aegis.PhaseApply:
		return place{aegis.PhaseVerify, aegis.StateApplying}, true
	case aegis.PhaseRollback:
		return place{aegis.PhaseDone, aegis.StateRolledBack}, true
	case aegis.PhaseVerify, aegis.PhaseDone:
		return place{}, false
	default:
		return place{}, false
	}
}

func stateOf(phase aegis.Phase) aegis.PromotionState {
	switch phase {
	case aegis.PhaseCanary:
		return aegis.StateCanary
	case aegis.PhaseApply, aegis.PhaseVerify:
		return aegis.StateApplying
	case aegis.PhaseRollback:
		return aegis.StateRollingBack
	case aegis.PhasePlan, aegis.PhaseGate, aegis.PhaseDone:
		return aegis.StateProposed
	default:
		return aegis.StateProposed
	}
}

// Step does the work of one job: it claims the change set at that version,
// runs the stage of its phase outside any transaction under a heartbeat, and
// commits the outcome with the next job. A stale version is no error and does
// nothing. An error means that nothing was committed: the job is to be run
// again, by the queue or after the reaper.
func (d *Door) Step(ctx context.Context, changeSetID string, version int64) error {
	holder := aegis.NewID("wrk", d.now())
	claimed, err := d.store.Claim(ctx, changeSetID, version, holder, d.timing.LeaseTTL)
	switch {
	case errors.Is(err, aegis.ErrStale):
		return nil
	case errors.Is(err, aegis.ErrLeaseHeld):
		return d.deferStep(ctx, changeSetID, version)
	case err != nil:
		return fmt.Errorf("claim change set %s: %w", changeSetID, err)
	}
	h := newHold(d.store, d.timing, d.now, claimed, holder)
	stageCtx, stop := h.keep(ctx)
	r := newRun(d, h, claimed)
	err = r.step(ctx, stageCtx)
	stop()
	if err == nil {
		return nil
	}
	h.giveBack(ctx)
	if errors.Is(err, aegis.ErrStale) || errors.Is(err, aegis.ErrLeaseLost) {
		return nil
	}
	return fmt.Errorf("step %s of change set %s: %w", claimed.ChangeSet.Phase, changeSetID, err)
}

func (d *Door) deferStep(ctx context.Context, changeSetID string, version int64) error {
	if err := d.store.Defer(ctx, changeSetID, version, time.Second); err != nil {
		return fmt.Errorf("defer change set %s: %w", changeSetID, err)
	}
	return nil
}
