package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

// plan patches the specs, previews every stack, and records all that the gate
// judges: the difference and its inverse, digests, cost, risk. While another
// change set is at one of the stacks it waits, since whatever it planned would
// not hold.
func plan(ctx context.Context, r *run) (Verdict, error) {
	busy, err := r.busy(ctx)
	if err != nil || busy != nil {
		return orWait(busy, err)
	}
	wants, err := r.wants(ctx)
	if err != nil {
		return refused(err)
	}
	plans, err := r.previews(ctx, wants)
	if errors.Is(err, aegis.ErrUnavailable) {
		if busy, _ := r.busy(ctx); busy != nil { // another one began meanwhile
			return *busy, nil
		}
	}
	if err != nil {
		return refused(err)
	}
	if err := r.record(ctx, wants, plans); err != nil {
		return Verdict{}, err
	}
	if more := r.beyond(); more != "" {
		return fail("the engine would change " + more + ", too, which is to be left"), nil
	}
	if r.cs.Adopts() {
		return r.provesAdoption(ctx, wants[0])
	}
	if len(r.cs.Diff) > 0 || tells(wants, plans) {
		return proceed(), nil
	}
	return r.promoteUnchanged(wants, plans), nil
}

// tells says that a stack's new spec changes what others read of it, although it
// may change no resource: it was never applied to its end, or has other outputs.
func tells(wants []desired, plans []aegis.Plan) bool {
	for i, w := range wants {
		if w.begins() || w.changesSpec() && !w.destroy() && plans[i].Outputs {
			return true
		}
	}
	return false
}

// beyond is a resource that the plan changes although the target does not name
// it, "" for none: Terraform plans what a target depends on along with it.
func (r *run) beyond() string {
	if len(r.cs.Target.Addresses) == 0 {
		return ""
	}
	for _, c := range r.cs.Diff {
		if !slices.Contains(r.cs.Target.Addresses, c.Address) {
			return c.Address
		}
	}
	return ""
}

// refused tells a change that can't be from machinery that broke.
func refused(err error) (Verdict, error) {
	if errors.Is(err, aegis.ErrConflict) || errors.Is(err, aegis.ErrInvalid) || errors.Is(err, aegis.ErrNotFound) {
		return fail(clip(err.Error())), nil
	}
	return Verdict{}, err
}

// wants resolves the patches on the newest revisions.
func (r *run) wants(ctx context.Context) ([]desired, error) {
	wants := make([]desired, 0, len(r.cs.Target.StackIDs))
	for _, id := range r.cs.Target.StackIDs {
		stack, err := r.store.Stack(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read stack %s: %w", id, err)
		}
		if stack.Observed() {
			return nil, aegis.Invalid("target.stack_ids", observed(stack))
		}
		newest, err := r.base(ctx, stack, 0)
		if err != nil {
			return nil, err
		}
		patch := patchOf(r.cs, id)
		if patch != nil {
			if err := r.rebase(ctx, stack, patch, newest); err != nil {
				return nil, err
			}
		}
		w, err := want(stack, patch, newest)
		if err != nil {
			return nil, err
		}
		if err := r.validate(w); err != nil {
			return nil, fmt.Errorf("spec of stack %s: %w", id, err)
		}
		wants = append(wants, w)
	}
	return wants, r.agree(ctx, r.cs.Source, wants)
}

// stackRun is an engine operation of this change set on one stack. policy nil
// is read-only.
func (r *run) stackRun(w desired, policy *aegis.ExecutionPolicy) aegis.StackRun {
	targets := r.cs.Target.Addresses
	if w.only != nil {
		targets = w.only
	}
	return aegis.StackRun{
		Stack: w.stack, Spec: w.spec, ChangeSetID: r.cs.ChangeSetID, FencingToken: r.hold.tokens[w.stack.StackID],
		Policy: policy, Destroy: w.destroy(), Removals: removalsOf(r.cs, w.stack.StackID), Targets: targets,
		Refresh: r.cs.Source == aegis.SourceDrift || r.cs.Source == aegis.SourceReconcile,
	}
}

// previews plans all stacks at once; the engine bounds how many run.
func (r *run) previews(ctx context.Context, wants []desired) ([]aegis.Plan, error) {
	plans := make([]aegis.Plan, len(wants))
	err := r.timed(len(wants), func() error {
		g, ctx := errgroup.WithContext(ctx)
		for i, w := range wants {
			g.Go(func() (err error) {
				if plans[i], err = r.tool().Preview(ctx, r.stackRun(w, nil)); err != nil {
					return err // which says what was attempted
				}
				return nil
			})
		}
		return g.Wait()
	})
	return plans, err
}

// record writes the plans into the change set.
func (r *run) record(ctx context.Context, wants []desired, plans []aegis.Plan) error {
	cs := r.cs
	cs.Diff, cs.Inverse, cs.InverseDiff, cs.Progress, cs.CanaryResult = nil, nil, nil, nil, nil
	cs.PlanDigests = make(map[string]string, len(plans))
	r.memory.ResourceCounts = make(map[string]int, len(plans))
	inexact := []string(nil)
	for i, p := range plans {
		w := wants[i]
		cs.Diff = append(cs.Diff, p.Changes...)
		for _, c := range p.Changes { // a workspace may be in more regions than its own
			if c.Region != "" && !slices.Contains(cs.Target.Regions, c.Region) {
				cs.Target.Regions = append(cs.Target.Regions, c.Region)
			}
		}
		cs.PlanDigests[w.stack.StackID] = p.Digest
		r.memory.ResourceCounts[w.stack.StackID] = p.ResourceCount
		cs.Progress = append(cs.Progress, aegis.StackProgress{StackID: w.stack.StackID, BaseRevision: w.base.Revision, Status: planned})
		if w.patch == nil {
			continue // what drifted has no revision to go back to
		}
		back, exact, err := inverse(w)
		if err != nil {
			return err
		}
		if !exact {
			inexact = append(inexact, w.stack.StackID)
		}
		cs.Inverse = append(cs.Inverse, back)
		cs.InverseDiff = append(cs.InverseDiff, invert(p.Changes)...)
	}
	cs.Irreversible = append(irreversible(cs.Diff), inexact...)
	cs.CostDeltaUSDMonth, cs.CostUnknown = r.pricer.Delta(cs.Diff)
	if len(cs.Patches) == 0 {
		cs.CostDeltaUSDMonth = 0 // the spec stays, and its cost is accounted for
	}
	history, err := r.store.History(ctx, cs.Target.StackIDs, r.now().Add(-historyWindow))
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	cs.RiskScore, cs.RiskFactors = risk(cs.Diff, r.memory.ResourceCounts, history)
	r.memory.Order = order(wants, r.regions)
	r.memory.CanaryStack, r.memory.CanaryRegion = smallestSlice(cs, wants, r.regions), ""
	if region := smallestRegion(cs, wants, r.regions); region != "" {
		r.memory.CanaryStack, r.memory.CanaryRegion = wants[0].stack.StackID, region
	}
	return nil
}

// promoteUnchanged ends a change set that changes no resource. What it changes
// of the specs is written in a commit that owns the stacks for its duration.
func (r *run) promoteUnchanged(wants []desired, plans []aegis.Plan) Verdict {
	r.pending.Own = r.cs.Target.StackIDs
	for i, w := range wants {
		r.writeRevision(w)
		progressOf(r.cs, w.stack.StackID).Status = verified
		count := plans[i].ResourceCount
		r.setStack(StackUpdate{StackID: w.stack.StackID, State: r.settled(w), ResourceCount: &count, Reconciled: r.readsAll()})
	}
	return Verdict{Kind: Promote, Reason: "nothing to change"}
}

// settled is the state of a stack that is as it should be, but for drift that
// stays.
func (r *run) settled(w desired) aegis.StackState {
	switch {
	case w.destroy():
		return aegis.StackPending
	case len(r.cs.Target.Addresses) > 0 || r.left[w.stack.StackID]:
		return aegis.StackDrifted
	default:
		return aegis.StackClean
	}
}

// writeRevision adds the revision that w makes to the next commit.
func (r *run) writeRevision(w desired) {
	if !w.changesSpec() {
		return
	}
	p := progressOf(r.cs, w.stack.StackID)
	p.AppliedRevision = w.base.Revision + 1
	r.pending.Revisions = append(r.pending.Revisions, aegis.SpecRevision{
		StackID: w.stack.StackID, Revision: p.AppliedRevision, Spec: w.spec, ChangeSetID: r.cs.ChangeSetID,
	})
}

// busy returns a Wait when another change set owns one of the stacks.
func (r *run) busy(ctx context.Context) (*Verdict, error) {
	leases, err := r.store.Leases(ctx, r.cs.Target.StackIDs)
	if err != nil {
		return nil, fmt.Errorf("read leases: %w", err)
	}
	i := slices.IndexFunc(leases, func(l aegis.Lease) bool {
		return l.ChangeSetID != "" && l.ChangeSetID != r.cs.ChangeSetID
	})
	if i < 0 {
		return nil, nil //nolint:nilnil // no verdict yet, and no error
	}
	v := wait(r.timing.Busy, fmt.Sprintf("stack %s belongs to change set %s", leases[i].StackID, leases[i].ChangeSetID))
	return &v, nil
}

func orWait(v *Verdict, err error) (Verdict, error) {
	if err != nil {
		return Verdict{}, err
	}
	return *v, nil
}

// emptyJSON is the document that says nothing.
func emptyJSON() json.RawMessage { return json.RawMessage("null") }
