package rollout

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis"
)

// shadowBundle lets the candidate judge beside the running bundle for the soak:
// first recorded decisions, which the plan replayed, then whatever comes. It
// does not wait for anything to come, and only faults fail it: a bundle that
// denies more is what an operator may want.
func shadowBundle(ctx context.Context, r *run) (Verdict, error) {
	if r.cs.CanaryResult == nil {
		r.cs.CanaryResult = &aegis.CanaryResult{
			Outcome: "pending", Checks: []aegis.CheckResult{}, SoakSeconds: int(r.soak().Seconds()), StartedAt: r.now(),
		}
	}
	if past := r.cs.Policy.Simulation; past.Errors > 0 {
		return rollback(fmt.Sprintf("it gave no answer for %d of %d recorded decisions: %s", past.Errors, past.Evaluated, past.FirstError)), nil
	}
	running, err := r.runningPolicy(ctx)
	if err != nil {
		return Verdict{}, err
	}
	if running.Shadow != r.cs.Policy.Digest && r.soak() > 0 {
		beside := running
		beside.Shadow = r.cs.Policy.Digest
		r.setPolicy(r.cs.Policy.Base, beside)
	}
	v, err := r.soakBundle(ctx, true)
	if v.Kind == Go {
		r.endCanary("passed", "")
	}
	return v, err
}

// activateBundle makes the candidate the bundle that runs, in the commit of
// this step.
func activateBundle(ctx context.Context, r *run) (Verdict, error) {
	running, err := r.runningPolicy(ctx)
	if err != nil {
		return Verdict{}, err
	}
	if running.Digest != r.cs.Policy.Base {
		return rollback("another policy bundle runs since it was judged"), nil
	}
	r.setPolicy(running.Digest, aegis.RunningPolicy{Digest: r.cs.Policy.Digest, ChangeSetID: r.cs.ChangeSetID})
	return proceed(), nil
}

// verifyBundle watches the bundle decide.
func verifyBundle(ctx context.Context, r *run) (Verdict, error) {
	v, err := r.soakBundle(ctx, false)
	if v.Kind == Go {
		v = Verdict{Kind: Promote}
	}
	return v, err
}

// soakBundle looks for decisions without an answer until the soak ends. The
// first call begins it; it never blocks.
func (r *run) soakBundle(ctx context.Context, shadow bool) (Verdict, error) {
	now := r.now()
	if r.cs.SoakUntil == nil {
		until := now.Add(r.soak())
		r.cs.SoakUntil = &until
		if until.After(now) {
			return wait(r.pause(now), "soaking"), nil
		}
	}
	seen, err := r.bundles.Faults(ctx, r.cs.Policy.Revision, shadow, r.cs.CreatedAt)
	if err != nil {
		return Verdict{}, fmt.Errorf("read what the policy bundle decided: %w", err)
	}
	if shadow && r.cs.CanaryResult != nil {
		r.cs.CanaryResult.Checks = []aegis.CheckResult{shadowed(seen)}
	}
	if seen.Faults > 0 {
		return rollback(fmt.Sprintf("it gave no answer for %d of %d decisions: %s", seen.Faults, seen.Evaluated, seen.First)), nil
	}
	if r.cs.SoakUntil.After(now) {
		return wait(r.pause(now), "soaking"), nil
	}
	return proceed(), nil
}

// shadowed tells how the candidate judged what came while it was tried.
func shadowed(seen aegis.PolicyFaults) aegis.CheckResult {
	return aegis.CheckResult{
		Name: "live decisions", Kind: aegis.CheckPolicy, Passed: seen.Faults == 0,
		Message: fmt.Sprintf("judged %d beside the running bundle: %d otherwise, %d without an answer", seen.Evaluated, seen.Differ, seen.Faults),
	}
}

// undoBundle lets the base run again if the candidate does, and ends its
// judging beside it.
func undoBundle(ctx context.Context, r *run) (Verdict, error) {
	running, err := r.runningPolicy(ctx)
	if err != nil {
		return Verdict{}, err
	}
	switch {
	case running.ChangeSetID == r.cs.ChangeSetID:
		r.setPolicy(running.Digest, aegis.RunningPolicy{Digest: r.cs.Policy.Base, ChangeSetID: r.memory.BundleBase})
		return proceed(), nil
	case running.Shadow != "":
		alone := running
		alone.Shadow = ""
		r.setPolicy(running.Digest, alone)
	}
	if r.memory.Cancelled {
		return Verdict{Kind: Cancel, Reason: r.memory.Reason}, nil
	}
	return proceed(), nil
}
