package rollout

import (
	"context"

	"github.com/aegisworld/aegis"
)

// verify watches all stacks together and promotes them.
func verify(ctx context.Context, r *run) (Verdict, error) {
	if !r.cs.Adopts() { // which changed nothing, as the apply proved
		_, v, err := r.watch(ctx, r.cs.Target.StackIDs)
		if err != nil || v.Kind != Go {
			return v, err
		}
	}
	for _, id := range r.cs.Target.StackIDs {
		w, err := r.planned(ctx, r.cs, id)
		if err != nil {
			return Verdict{}, err
		}
		progressOf(r.cs, id).Status = verified
		r.settleStack(id, r.settled(w))
	}
	return Verdict{Kind: Promote}, nil
}

// readsAll says that what was read tells of the whole stack: taking away what no
// stack manages says nothing of what it does manage, and a correction of some
// resources nothing of the others.
func (r *run) readsAll() bool {
	return r.cs.Target.Kind != aegis.TargetAWSResource && len(r.cs.Target.Addresses) == 0
}

// settleStack writes that a stack is as it should be.
func (r *run) settleStack(stackID string, state aegis.StackState) {
	update := StackUpdate{StackID: stackID, State: state, Reconciled: r.readsAll()}
	if state == aegis.StackPending {
		update.ResourceCount = new(int)
	}
	r.setStack(update)
}

// setStack adds a stack's new state, and the event of it, to the next commit.
func (r *run) setStack(update StackUpdate) {
	r.pending.Stacks = append(r.pending.Stacks, update)
	r.pending.Events = append(r.pending.Events, stackEvent(update.StackID, update.State, update.Error))
}
