package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// planBundle checks, tests and replays the candidate and records how it
// differs from the bundle that runs. While another bundle is under way it
// waits.
func planBundle(ctx context.Context, r *run) (Verdict, error) {
	busy, err := r.bundleBusy(ctx)
	if err != nil || busy != nil {
		return orWait(busy, err)
	}
	running, err := r.runningPolicy(ctx)
	if err != nil {
		return Verdict{}, err
	}
	wanted := *r.cs.Policy
	if on := wanted.ComposedOn; on != "" && on != running.Digest {
		return fail(fmt.Sprintf("it was composed with bundle %s, and %s runs now: compose and push it again",
			short(on), short(running.Digest))), nil
	}
	if wanted.Digest == running.Digest {
		return Verdict{Kind: Promote, Reason: "this bundle runs already"}, nil
	}
	found, err := r.bundles.Assess(ctx, wanted.Digest, running.Digest)
	if err != nil {
		return refused(err)
	}
	change := found.Change
	change.Digest, change.Base, change.ComposedOn = wanted.Digest, running.Digest, wanted.ComposedOn
	r.cs.Policy = &change
	r.cs.Diff, r.cs.InverseDiff = found.Diff, invert(found.Diff)
	r.cs.PlanDigests = map[string]string{bundleLease: wanted.Digest}
	r.memory.BundleBase = running.ChangeSetID
	return proceed(), nil
}

// bundleBusy returns a Wait when another change of the bundle is under way.
func (r *run) bundleBusy(ctx context.Context) (*Verdict, error) {
	leases, err := r.store.Leases(ctx, []string{bundleLease})
	if err != nil {
		return nil, fmt.Errorf("read leases: %w", err)
	}
	i := slices.IndexFunc(leases, func(l aegis.Lease) bool {
		return l.ChangeSetID != "" && l.ChangeSetID != r.cs.ChangeSetID
	})
	if i < 0 {
		return nil, nil //nolint:nilnil // no verdict yet, and no error
	}
	v := wait(r.timing.Busy, "change set "+leases[i].ChangeSetID+" is changing the policy bundle")
	return &v, nil
}

// judgeBundle asks the rules that run whether the candidate may replace them.
func judgeBundle(ctx context.Context, r *run) (Verdict, error) {
	busy, err := r.bundleBusy(ctx)
	if err != nil || busy != nil {
		return orWait(busy, err)
	}
	running, err := r.runningPolicy(ctx)
	if err != nil {
		return Verdict{}, err
	}
	if running.Digest != r.cs.Policy.Base {
		return replan("another policy bundle runs since it was planned"), nil
	}
	input, err := r.gateInput(ctx, nil)
	if err != nil {
		return Verdict{}, err
	}
	input.Policy = r.cs.Policy
	result, err := r.decide(ctx, input)
	if err != nil {
		return Verdict{}, err
	}
	r.cs.Denials, r.cs.Warnings = result.Deny, result.Warn
	r.cs.ExecutionPolicy = &result.ExecutionPolicy
	if !result.Allowed() && !r.undoes(running, result.Deny) {
		return deny(reasons(result.Deny)), nil
	}
	r.pending.Own = []string{bundleLease}
	v := proceed()
	v.Next = aegis.PhaseCanary
	return v, nil
}

// undoes says that the change set brings back what ran before the running
// bundle, which gives no answer. That inverse was judged when the bundle came,
// by rules that did answer.
func (r *run) undoes(running aegis.RunningPolicy, denials []aegis.RuleResult) bool {
	return r.cs.RollbackOf != "" && r.cs.RollbackOf == running.ChangeSetID &&
		!slices.ContainsFunc(denials, func(d aegis.RuleResult) bool { return !d.Unanswered() })
}
