package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

const (
	mostStacks     = 50
	mostAddresses  = 500
	longestPatch   = 256 << 10
	longestSummary = 1000
)

// Propose checks a change set, gives it an id, and puts it into the pipeline:
// the row and its first job are one transaction. The caller fills Source,
// Actor, Summary, Target.Kind and Patches, and where they apply GoalID,
// RiskTolerance, Budget and RollbackOf; for a drift correction, which has no
// patches, Target.StackIDs; for target aws_resource Removals. Everything else is
// set here.
//
// It returns an InvalidError that names every faulty field.
func (d *Door) Propose(ctx context.Context, in aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	cs := proposed(in)
	faults := wellFormed(&cs)
	if err := faults.OrNil(); err != nil {
		return aegis.AutonomousChangeSet{}, err
	}
	if err := d.fits(ctx, &cs); err != nil {
		return aegis.AutonomousChangeSet{}, err
	}
	return d.insert(ctx, cs)
}

// insert gives a checked proposal its id and its first job.
func (d *Door) insert(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	now := d.now()
	if cs.ChangeSetID == "" {
		cs.ChangeSetID = aegis.NewID(aegis.ChangeSetPrefix, now)
	}
	cs.TraceID = aegis.NewID(aegis.TracePrefix, now)
	cs.Version, cs.CreatedAt, cs.UpdatedAt = 1, now, now
	cs.Phase, cs.PromotionState = aegis.PhasePlan, aegis.StateProposed
	if err := d.store.InsertChangeSet(ctx, cs); err != nil {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("insert change set: %w", err)
	}
	d.logger.InfoContext(ctx, "change set proposed", "change_set_id", cs.ChangeSetID, "source", cs.Source, "actor", cs.Actor)
	return cs, nil
}

// proposed takes from a proposal what proposers may say, and nothing else.
func proposed(in aegis.AutonomousChangeSet) aegis.AutonomousChangeSet {
	cs := aegis.AutonomousChangeSet{
		Source: in.Source, GoalID: in.GoalID, TaskID: in.TaskID, Actor: in.Actor, Summary: in.Summary, Target: in.Target,
		Patches: slices.Clone(in.Patches), RiskTolerance: in.RiskTolerance, Budget: in.Budget, RollbackOf: in.RollbackOf,
		Constraints: slices.Clone(in.Constraints), Removals: slices.Clone(in.Removals),
	}
	ids := slices.Clone(in.Target.StackIDs)
	if len(ids) == 0 {
		for _, p := range cs.Patches {
			ids = append(ids, p.StackID)
		}
		for _, r := range cs.Removals {
			if !slices.Contains(ids, r.StackID) {
				ids = append(ids, r.StackID)
			}
		}
	}
	slices.Sort(ids)
	cs.Target.StackIDs, cs.Target.Regions = ids, nil
	cs.Target.Addresses = slices.Clone(in.Target.Addresses)
	slices.SortStableFunc(cs.Patches, func(a, b aegis.SpecPatch) int { return strings.Compare(a.StackID, b.StackID) })
	for i := range cs.Patches {
		if len(cs.Patches[i].MergePatch) == 0 {
			cs.Patches[i].MergePatch = json.RawMessage(`{}`)
		}
	}
	return cs
}

// wellFormed checks what can be checked without looking at stacks.
func wellFormed(cs *aegis.AutonomousChangeSet) *aegis.InvalidError {
	faults := &aegis.InvalidError{}
	if !knownSource(cs.Source) {
		faults.Add("source", fmt.Sprintf("%q is not a source of change sets", cs.Source))
	}
	if cs.Actor == "" {
		faults.Add("actor", "must name who proposes it")
	}
	if len(cs.Summary) > longestSummary {
		faults.Add("summary", fmt.Sprintf("must have at most %d bytes", longestSummary))
	}
	switch cs.Target.Kind { //nolint:exhaustive // the others come
	case aegis.TargetPulumiStack, aegis.TargetTerraformWorkspace, aegis.TargetAWSResource:
	default:
		faults.Add("target.kind", fmt.Sprintf("%q can't be changed yet; pulumi_stack, terraform_workspace and aws_resource can", cs.Target.Kind))
	}
	if cs.RiskTolerance != "" && cs.RiskTolerance.MaxRisk() < 0 {
		faults.Add("risk_tolerance", "must be low, medium or high")
	}
	if cs.Budget != nil && cs.Budget.USDMonth != nil && *cs.Budget.USDMonth < 0 {
		faults.Add("budget.usd_month", "must not be negative")
	}
	checkStackIDs(cs, faults)
	if cs.Target.Kind == aegis.TargetAWSResource {
		checkRemovals(cs, faults)
		if len(cs.Target.Addresses) > 0 {
			faults.Add("target.addresses", "are for stacks that an engine changes")
		}
	} else {
		checkPatches(cs, faults)
	}
	return faults
}

func knownSource(s aegis.Source) bool {
	switch s {
	case aegis.SourceGoal, aegis.SourceDrift, aegis.SourceBootstrap, aegis.SourceRollback, aegis.SourceReconcile,
		aegis.SourceAutoscaling, aegis.SourceContainment, aegis.SourceOperator:
		return true
	default:
		return false
	}
}

func checkStackIDs(cs *aegis.AutonomousChangeSet, faults *aegis.InvalidError) {
	ids := cs.Target.StackIDs
	switch {
	case len(ids) == 0:
		faults.Add("target.stack_ids", "must name at least one stack")
	case len(ids) > mostStacks:
		faults.Add("target.stack_ids", fmt.Sprintf("must name at most %d stacks", mostStacks))
	case len(slices.Compact(slices.Clone(ids))) < len(ids):
		faults.Add("target.stack_ids", "must name each stack once")
	}
}

func checkPatches(cs *aegis.AutonomousChangeSet, faults *aegis.InvalidError) {
	switch {
	case len(cs.Target.Addresses) > 0:
		checkAddresses(cs, faults)
	case cs.Adopts():
		faults.Add("target.addresses", "must name the resources whose drift the patch takes over")
	}
	patchless := cs.Source == aegis.SourceDrift || cs.Source == aegis.SourceReconcile
	if len(cs.Patches) == 0 && patchless {
		return
	}
	ids := make([]string, len(cs.Patches))
	for i, p := range cs.Patches {
		ids[i] = p.StackID
		checkPatch(fmt.Sprintf("patches.%d", i), p, faults)
	}
	if !slices.Equal(ids, cs.Target.StackIDs) {
		faults.Add("patches", "must have exactly one patch for each stack of the target")
	}
}

// checkAddresses checks the correction, or the adoption, of some of a stack's
// resources.
func checkAddresses(cs *aegis.AutonomousChangeSet, faults *aegis.InvalidError) {
	switch ids := cs.Target.Addresses; {
	case len(cs.Target.StackIDs) != 1 || cs.Source != aegis.SourceDrift:
		faults.Add("target.addresses", "are for drift of one stack")
	case len(ids) > mostAddresses || slices.Contains(ids, ""):
		faults.Add("target.addresses", fmt.Sprintf("must name at most %d resources", mostAddresses))
	}
}

func checkPatch(field string, p aegis.SpecPatch, faults *aegis.InvalidError) {
	var object map[string]json.RawMessage
	switch {
	case len(p.MergePatch) > longestPatch:
		faults.Add(field+".merge_patch", fmt.Sprintf("must have at most %d bytes", longestPatch))
	case json.Unmarshal(p.MergePatch, &object) != nil || object == nil:
		faults.Add(field+".merge_patch", "must be a JSON object (RFC 7396)")
	case p.Destroy && len(object) > 0:
		faults.Add(field+".merge_patch", "must be empty where destroy is asked for")
	}
	if p.BaseRevision < 0 {
		faults.Add(field+".base_revision", "must not be negative")
	}
}

// fits checks a change set against the stacks that it names, and completes its
// target.
func (d *Door) fits(ctx context.Context, cs *aegis.AutonomousChangeSet) error {
	faults := &aegis.InvalidError{}
	var found []aegis.Stack
	var wants []desired
	for _, id := range cs.Target.StackIDs {
		stack, err := d.store.Stack(ctx, id)
		if errors.Is(err, aegis.ErrNotFound) {
			faults.Add("target.stack_ids", fmt.Sprintf("there is no stack %q", id))
			continue
		}
		if err != nil {
			return fmt.Errorf("read stack %s: %w", id, err)
		}
		found = append(found, stack)
		if stack.Region != "" && !slices.Contains(cs.Target.Regions, stack.Region) {
			cs.Target.Regions = append(cs.Target.Regions, stack.Region)
		}
		w, err := d.fitsStack(ctx, cs, stack, faults)
		if err != nil {
			return err
		}
		wants = append(wants, w)
	}
	together(cs.Target.Kind, found, faults)
	if err := faults.OrNil(); err != nil {
		return err
	}
	return d.agree(ctx, cs.Source, wants)
}

// together checks that stacks may be changed, and by one change set.
func together(kind aegis.TargetKind, stacks []aegis.Stack, faults *aegis.InvalidError) {
	for _, stack := range stacks {
		if stack.Kind != kind && kind != aegis.TargetAWSResource {
			faults.Add("target.kind", fmt.Sprintf("stack %s is a %s", stack.StackID, stack.Kind))
		}
		if stack.Observed() {
			faults.Add("target.stack_ids", observed(stack))
		}
		if first := stacks[0]; stack.Layer != first.Layer {
			faults.Add("target.stack_ids", fmt.Sprintf("stack %s is of layer %q, not %q like the first", stack.StackID, stack.Layer, first.Layer))
		}
		if stack.Adopted() && kind != aegis.TargetAWSResource && len(stacks) > 1 && (stack.Set == "" || stack.Set != stacks[0].Set) {
			faults.Add("target.stack_ids", fmt.Sprintf("the adopted stacks are not of one set: %s is of %q", stack.StackID, stack.Set))
		}
	}
}

// observed says why a stack that is only looked at can't be changed.
func observed(stack aegis.Stack) string {
	if stack.StateOnly() {
		return "stack " + stack.StackID + " was adopted by its state alone: there is no program that could change it; " +
			"adopt its project directory with `aegis adopt pulumi DIR`"
	}
	return "stack " + stack.StackID + " is only observed: `aegis adopt promote " + stack.StackID + "` lets it be changed"
}

// fitsStack tries the patch of one stack on its newest revision.
func (d *Door) fitsStack(ctx context.Context, cs *aegis.AutonomousChangeSet, stack aegis.Stack, faults *aegis.InvalidError) (desired, error) {
	newest, err := d.base(ctx, stack, 0)
	if err != nil {
		return desired{}, err
	}
	if newest.Revision == 0 && cs.Source != aegis.SourceBootstrap {
		faults.Add("target.stack_ids", fmt.Sprintf("stack %s has no revision yet: bootstrap it first", stack.StackID))
		return desired{}, nil
	}
	patch := patchOf(cs, stack.StackID)
	if patch != nil && patch.BaseRevision > newest.Revision {
		faults.Add("patches.base_revision", fmt.Sprintf("stack %s has no revision %d, its newest is %d", stack.StackID, patch.BaseRevision, newest.Revision))
		return desired{}, nil
	}
	w, err := want(stack, patch, newest)
	if err != nil {
		faults.Add("patches.merge_patch", err.Error())
		return desired{}, nil // it is among the faults
	}
	if patch == nil {
		return w, nil
	}
	if err := d.validate(w); err != nil {
		faults.Faults = append(faults.Faults, specFaults(stack.StackID, err)...)
	}
	return w, nil
}

func specFaults(stackID string, err error) []aegis.FieldFault {
	if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
		return invalid.Faults
	}
	return []aegis.FieldFault{{Field: "patches.merge_patch", Message: "stack " + stackID + ": " + err.Error()}}
}
