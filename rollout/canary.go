package rollout

import (
	"context"

	"github.com/aegisworld/aegis"
)

// canary changes the smallest slice, lets it soak, and judges it before any
// other stack is touched.
func canary(ctx context.Context, r *run) (Verdict, error) {
	id := r.memory.CanaryStack
	if r.cs.CanaryResult == nil {
		r.cs.CanaryResult = &aegis.CanaryResult{
			StackID: id, Region: r.region(ctx, id), Outcome: "pending",
			SoakSeconds: int(r.soak().Seconds()), StartedAt: r.now(),
		}
	}
	if v, err := r.applyStack(ctx, id); err != nil || v.Kind != Go {
		return v, err
	}
	result, v, err := r.watch(ctx, []string{id})
	if err != nil {
		return Verdict{}, err
	}
	r.cs.CanaryResult.Checks = result
	if v.Kind == Wait {
		return v, nil
	}
	if v.Kind == Go {
		r.endCanary("passed", "")
	}
	return v, nil
}

// endCanary writes how a canary that is still pending came out.
func (r *run) endCanary(outcome, reason string) {
	c := r.cs.CanaryResult
	if c == nil || c.Outcome != "pending" {
		return
	}
	now := r.now()
	c.Outcome, c.Reason, c.FinishedAt = outcome, reason, &now
}

// region is where the stack is; it is for show.
func (r *run) region(ctx context.Context, stackID string) string {
	stack, err := r.store.Stack(ctx, stackID)
	if err != nil {
		return ""
	}
	return stack.Region
}
