package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aegisworld/aegis"
)

// Preview plans a proposal and returns what the gate would judge. It takes and
// commits nothing. What Propose refuses is refused with the same InvalidError;
// a proposal that would change no resource has no Diff.
func (d *Door) Preview(ctx context.Context, in aegis.AutonomousChangeSet) (aegis.GateInput, error) {
	cs := proposed(in)
	if err := wellFormed(&cs).OrNil(); err != nil {
		return aegis.GateInput{}, err
	}
	if err := d.fits(ctx, &cs); err != nil {
		return aegis.GateInput{}, err
	}
	r := d.dryRun(&cs)
	wants, err := r.wants(ctx)
	if err != nil {
		return aegis.GateInput{}, err
	}
	plans, err := r.previews(ctx, wants)
	if err != nil {
		return aegis.GateInput{}, &planError{err}
	}
	if err := r.record(ctx, wants, plans); err != nil {
		return aegis.GateInput{}, err
	}
	return r.gateInput(ctx, wants)
}

// planError is what an engine said of a plan that it could not make.
type planError struct{ err error }

// Error is the engine's reason.
func (e *planError) Error() string { return e.err.Error() }

// Unwrap is the engine's error.
func (e *planError) Unwrap() error { return e.err }

// final says that the plan would fail again: the program or the provider refused it,
// and nothing was out of reach.
func (e *planError) final() bool {
	for _, passing := range []error{
		aegis.ErrUnavailable, aegis.ErrStateLocked, aegis.ErrStateCorrupt, aegis.ErrCancelled, aegis.ErrNotImplemented, aegis.ErrBudgetExceeded,
		aegis.ErrForbidden, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(e.err, passing) {
			return false
		}
	}
	return true
}

// Inventory is what the gate would judge if everything that a stack has were
// introduced now: the plan of its removal, turned round. The stack's cost
// counts as new, and not as spent. ErrNotFound says that the stack has no
// revision yet.
func (d *Door) Inventory(ctx context.Context, stackID string) (aegis.GateInput, error) {
	stack, err := d.store.Stack(ctx, stackID)
	if err != nil {
		return aegis.GateInput{}, fmt.Errorf("read stack %s: %w", stackID, err)
	}
	newest, err := d.store.SpecRevision(ctx, stackID, 0)
	if err != nil {
		return aegis.GateInput{}, fmt.Errorf("read the spec of stack %s: %w", stackID, err)
	}
	w := desired{stack: stack, patch: &aegis.SpecPatch{StackID: stackID, Destroy: true}, base: newest, spec: newest.Spec}
	r := d.dryRun(&aegis.AutonomousChangeSet{Target: aegis.Target{Kind: stack.Kind, StackIDs: []string{stackID}, Regions: []string{stack.Region}}})
	plans, err := r.previews(ctx, []desired{w})
	if err != nil {
		return aegis.GateInput{}, err
	}
	if err := r.suppose(ctx, invert(plans[0].Changes)); err != nil {
		return aegis.GateInput{}, err
	}
	input, err := r.gateInput(ctx, []desired{w})
	input.Budget.SpentUSDMonth = max(0, input.Budget.SpentUSDMonth-r.cs.CostDeltaUSDMonth)
	return input, err
}

// Suppose is what the gate would judge if a change set had this difference:
// priced, scored and inverted as a plan is. Stacks that exist bring their
// newest specs along.
func (d *Door) Suppose(ctx context.Context, diff []aegis.ResourceChange) (aegis.GateInput, error) {
	regions, ids := map[string]bool{}, map[string]bool{}
	for _, c := range diff {
		regions[c.Region] = true
		ids[c.StackID] = true
	}
	delete(regions, "")
	delete(ids, "")
	r := d.dryRun(&aegis.AutonomousChangeSet{Target: aegis.Target{
		Kind: aegis.TargetPulumiStack, StackIDs: slices.Sorted(maps.Keys(ids)), Regions: slices.Sorted(maps.Keys(regions)),
	}})
	var wants []desired
	for _, id := range r.cs.Target.StackIDs {
		stack, err := d.store.Stack(ctx, id)
		if errors.Is(err, aegis.ErrNotFound) {
			continue
		}
		if err != nil {
			return aegis.GateInput{}, fmt.Errorf("read stack %s: %w", id, err)
		}
		newest, err := d.base(ctx, stack, 0)
		if err != nil {
			return aegis.GateInput{}, err
		}
		r.cs.Target.Kind = stack.Kind
		r.memory.ResourceCounts[id] = stack.ResourceCount
		wants = append(wants, desired{stack: stack, base: newest, spec: newest.Spec})
	}
	if err := r.suppose(ctx, diff); err != nil {
		return aegis.GateInput{}, err
	}
	return r.gateInput(ctx, wants)
}

// dryRun is a stage at work on a change set that is in no store. It asks as a
// goal would, with the widest tolerance.
func (d *Door) dryRun(cs *aegis.AutonomousChangeSet) *run {
	now := d.now()
	cs.ChangeSetID = aegis.NewID(aegis.ChangeSetPrefix, now)
	if cs.Source == "" {
		cs.Source, cs.Actor = aegis.SourceGoal, "simulation"
	}
	return &run{Door: d, cs: cs, hold: &hold{}, memory: Memory{ResourceCounts: map[string]int{}}, segment: segment{began: now}}
}

// suppose records a difference that no engine planned.
func (r *run) suppose(ctx context.Context, diff []aegis.ResourceChange) error {
	r.cs.Diff, r.cs.InverseDiff, r.cs.Irreversible = diff, invert(diff), irreversible(diff)
	r.cs.CostDeltaUSDMonth, r.cs.CostUnknown = r.pricer.Delta(diff)
	past, err := r.store.History(ctx, r.cs.Target.StackIDs, r.now().Add(-historyWindow))
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	r.cs.RiskScore, r.cs.RiskFactors = risk(diff, r.memory.ResourceCounts, past)
	return nil
}

// Forbidden is what the door denies beside policy, whatever policy says: odd
// answers, open breakers, too much risk or money, and changes outside the
// execution policy that the answer grants.
func Forbidden(input aegis.GateInput, result aegis.GateResult) []aegis.RuleResult {
	r := &run{cs: &aegis.AutonomousChangeSet{
		Target: input.ChangeSet.Target, RiskScore: input.ChangeSet.RiskScore, CostDeltaUSDMonth: input.ChangeSet.CostDeltaUSDMonth, Diff: input.Diff,
	}}
	return append(odd(result), r.forbidden(input, result.ExecutionPolicy)...)
}
