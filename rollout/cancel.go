package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegisworld/aegis"
)

// Cancel stops a change set. Before anything is applied it ends cancelled;
// later it is rolled back. A worker that is at it learns of that from its next
// heartbeat. ErrConflict says that it is over, or being rolled back already.
func (d *Door) Cancel(ctx context.Context, changeSetID, actor string) error {
	for {
		err := d.cancelOnce(ctx, changeSetID, actor)
		if !errors.Is(err, aegis.ErrStale) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("cancel change set %s: %w", changeSetID, err)
		}
	}
}

// cancelOnce returns ErrStale when a worker moved the change set meanwhile.
func (d *Door) cancelOnce(ctx context.Context, changeSetID, actor string) error {
	memory, err := d.store.Memory(ctx, changeSetID)
	if err != nil {
		return fmt.Errorf("read change set %s: %w", changeSetID, err)
	}
	cs, err := d.store.ChangeSet(ctx, changeSetID)
	if err != nil {
		return fmt.Errorf("read change set %s: %w", changeSetID, err)
	}
	to, ok := cancelled(cs.Phase, everTouched(&cs))
	if !ok {
		return fmt.Errorf("change set %s is %s: %w", changeSetID, cs.PromotionState, aegis.ErrConflict)
	}
	cs.Phase, cs.PromotionState = to.phase, to.state
	cs.Error = "cancelled by " + actor
	cs.SoakUntil, cs.UpdatedAt = nil, d.now()
	memory.Cancelled, memory.Reason, memory.Attempts, memory.Looks, memory.WaitFrom = true, cs.Error, 0, 0, nil
	step := Step{ChangeSet: cs, Memory: memory, Trace: aegis.TaskTrace{
		TraceID: cs.TraceID, GoalID: cs.GoalID, ChangeSetID: cs.ChangeSetID,
		Steps: []aegis.TraceStep{{Name: "cancel", Message: cs.Error, StartedAt: d.now()}},
	}}
	if to.phase == aegis.PhaseDone {
		end(&step, &cs)
	} else {
		step.Next = new(0 * d.timing.Backoff)
		step.Events = []aegis.Event{event(&cs, "change_set."+string(to.state), nil)}
	}
	if err := d.store.CommitStep(ctx, step); err != nil {
		return fmt.Errorf("cancel change set %s: %w", changeSetID, err)
	}
	return nil
}

// cancelled says where a cancellation leads.
func cancelled(phase aegis.Phase, touched bool) (to place, ok bool) {
	switch phase {
	case aegis.PhasePlan, aegis.PhaseGate:
		if touched {
			return place{aegis.PhaseRollback, aegis.StateRollingBack}, true
		}
		return place{aegis.PhaseDone, aegis.StateCancelled}, true
	case aegis.PhaseCanary, aegis.PhaseApply, aegis.PhaseVerify:
		return place{aegis.PhaseRollback, aegis.StateRollingBack}, true
	case aegis.PhaseRollback, aegis.PhaseDone:
		return place{}, false
	default:
		return place{}, false
	}
}
