package rollout

import (
	"cmp"
	"context"

	"github.com/aegisworld/aegis"
)

// canary changes the smallest slice, lets it soak, and judges it before any
// other stack is touched.
func canary(ctx context.Context, r *run) (Verdict, error) {
	id := r.memory.CanaryStack
	if r.cs.CanaryResult == nil {
		r.cs.CanaryResult = &aegis.CanaryResult{
			StackID: id, Region: cmp.Or(r.memory.CanaryRegion, r.region(ctx, id)), Outcome: "pending",
			SoakSeconds: int(r.soak().Seconds()), StartedAt: r.now(),
		}
	}
	try := r.applyStack
	if r.memory.CanaryRegion != "" {
		try = r.applyRegion
	}
	if v, err := try(ctx, id); err != nil || v.Kind != Go {
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

// applyRegion brings what a workspace has in the canary's region to its planned
// spec. The stack stays one that is being applied: the rest is what is left to
// do, and goes on as an interrupted apply does, only as far as it was judged.
func (r *run) applyRegion(ctx context.Context, stackID string) (Verdict, error) {
	if r.cs.SoakUntil != nil {
		return proceed(), nil // it soaks: this was done before
	}
	p := progressOf(r.cs, stackID)
	w, err := r.planned(ctx, r.cs, stackID)
	if err != nil {
		return Verdict{}, err
	}
	r.segment.stackID = stackID
	judged := stackChanges(r.cs.Diff, stackID)
	w.only = addressesIn(judged, r.memory.CanaryRegion)
	plan, err := r.slice(ctx, w, p)
	if err != nil {
		return engineVerdict(p, err)
	}
	if len(plan.Changes) == 0 {
		return proceed(), nil // a worker before this one did it
	}
	if reason := uncovered(plan, judged); reason != "" {
		if p.Status == planned {
			return r.differs(w, p), nil
		}
		return rollback("can't apply the canary of stack " + stackID + ": " + reason), nil
	}
	if err := r.begin(ctx, p, applying); err != nil {
		return Verdict{}, err
	}
	result, err := r.write(ctx, w, plan.Digest)
	if err != nil {
		return engineVerdict(p, err) // which says what was attempted
	}
	r.remembers(stackID, result)
	return proceed(), r.checkpoint(ctx)
}

// slice plans the canary's region; what an interrupted run left is healed first.
func (r *run) slice(ctx context.Context, w desired, p *aegis.StackProgress) (aegis.Plan, error) {
	if p.Status == applying {
		return r.repaired(ctx, w)
	}
	plans, err := r.previews(ctx, []desired{w})
	if err != nil {
		return aegis.Plan{}, err
	}
	return plans[0], nil
}

func addressesIn(changes []aegis.ResourceChange, region string) []string {
	var addresses []string
	for _, c := range changes {
		if c.Region == region {
			addresses = append(addresses, c.Address)
		}
	}
	return addresses
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
