package drift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// parameters finds what in a spec stands for attributes of resources.
type parameters interface {
	// Adoption is the merge patch of the spec's parameters by which it says what is
	// real: each change's After. missing are the changes without a parameter.
	Adoption(ctx context.Context, stack aegis.Stack, spec aegis.Spec, changes []aegis.DriftChange) (
		patch json.RawMessage, missing []aegis.DriftChange, err error)
}

// adoptStore is what an Adopter reads and writes.
type adoptStore interface {
	Stack(ctx context.Context, stackID string) (aegis.Stack, error)
	Observation(ctx context.Context, stackID string) (aegis.Observation, error)
	SpecRevision(ctx context.Context, stackID string, revision int64) (aegis.SpecRevision, error)
	DriftReport(ctx context.Context, id string) (aegis.DriftReport, error)
	UpdateDrift(ctx context.Context, stackID string, decide func(open []aegis.DriftReport) []aegis.DriftWrite) error
}

// Adopter makes specs agree with reality: it proposes the patch with which the
// next plan is clean. Whether it is, the door proves; nothing else is written.
type Adopter struct {
	Store      adoptStore
	Parameters parameters
	Door       door
}

// AdoptReport proposes to adopt all that an open report is about. An InvalidError
// says which of it can't be, and what to do instead. ErrConflict: the report is
// over, or what it is about has changed.
func (a *Adopter) AdoptReport(ctx context.Context, reportID, by string) (aegis.AutonomousChangeSet, error) {
	report, err := a.Store.DriftReport(ctx, reportID)
	if err != nil {
		return aegis.AutonomousChangeSet{}, err //nolint:wrapcheck // it says what was read
	}
	if report.State != aegis.DriftOpen && report.State != aegis.DriftReported {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("drift report %s is %s: %w", reportID, report.State, aegis.ErrConflict)
	}
	if report.Kind != aegis.DriftChanged {
		return aegis.AutonomousChangeSet{}, aegis.Invalid("drift_report_id", fmt.Sprintf(
			"what is %s can't become part of a spec by itself: %s", report.Kind, instead(" "+report.DriftReportID)))
	}
	stack, err := a.Store.Stack(ctx, report.StackID)
	if err != nil {
		return aegis.AutonomousChangeSet{}, err //nolint:wrapcheck // it says what was read
	}
	return a.adopt(ctx, stack, report.Changes, by)
}

// instead is what to do about drift that can't be adopted.
func instead(arguments string) string {
	return "expect it by a rule (`aegis drift ignore" + arguments + "`), or let it be corrected"
}

// adopt proposes to adopt changes of one stack.
func (a *Adopter) adopt(ctx context.Context, stack aegis.Stack, changes []aegis.DriftChange, by string) (aegis.AutonomousChangeSet, error) {
	none := aegis.AutonomousChangeSet{}
	if stack.Observed() {
		return none, aegis.Invalid("stack_id", "stack "+stack.StackID+" is only observed")
	}
	found, err := a.seen(ctx, stack.StackID, changes)
	if err != nil {
		return none, err
	}
	newest, err := a.Store.SpecRevision(ctx, stack.StackID, 0)
	if err != nil {
		return none, err //nolint:wrapcheck // it says what was read
	}
	patch, missing, err := a.Parameters.Adoption(ctx, stack, newest.Spec, found)
	if err != nil {
		return none, fmt.Errorf("look for the parameters of stack %s: %w", stack.StackID, err)
	}
	var faults aegis.InvalidError
	for _, c := range missing {
		why := "no parameter of the stack stands for it: "
		if c.After == aegis.Masked {
			why = "it is a secret, which no spec may hold: "
		}
		faults.Add(c.Address+" "+c.Attribute, why+instead(""))
	}
	if err := faults.OrNil(); err != nil {
		return none, err
	}
	addresses := addressesOf(found)
	cs, err := a.Door.Propose(ctx, aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: by, Summary: fmt.Sprintf("Adopt drift of %s in %s", strings.Join(addresses, ", "), stack.StackID),
		Target:  aegis.Target{Kind: stack.Kind, StackIDs: []string{stack.StackID}, Addresses: addresses},
		Patches: []aegis.SpecPatch{{StackID: stack.StackID, BaseRevision: newest.Revision, MergePatch: patch}},
	})
	if err != nil {
		return none, fmt.Errorf("propose to adopt drift of stack %s: %w", stack.StackID, err)
	}
	err = a.Store.UpdateDrift(ctx, stack.StackID, func(open []aegis.DriftReport) []aegis.DriftWrite {
		var writes []aegis.DriftWrite
		for _, r := range open {
			if r.Kind == aegis.DriftChanged && concerns(r, addresses) {
				r.ChangeSetID = cs.ChangeSetID
				writes = append(writes, aegis.DriftWrite{Report: r})
			}
		}
		return writes
	})
	if err != nil {
		return none, fmt.Errorf("note the adoption: %w", err)
	}
	return cs, nil
}

// seen are the changes with what is real now, which reports may have shortened.
// All that drifts of a resource has to be adopted together: else its plan is not
// clean.
func (a *Adopter) seen(ctx context.Context, stackID string, changes []aegis.DriftChange) ([]aegis.DriftChange, error) {
	newest, err := a.Store.Observation(ctx, stackID)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was read
	}
	var out []aegis.DriftChange
	var faults aegis.InvalidError
	for _, address := range addressesOf(changes) {
		i := slices.IndexFunc(newest.Drift, func(c aegis.ResourceChange) bool { return c.Address == address })
		if i < 0 || newest.Drift[i].Action == aegis.ActionDelete {
			return nil, fmt.Errorf("%s does not drift as was reported any more: %w", address, aegis.ErrConflict)
		}
		for _, d := range newest.Drift[i].Differences() {
			j := slices.IndexFunc(changes, func(c aegis.DriftChange) bool { return c.Address == address && c.Attribute == d.Attribute })
			if j < 0 {
				faults.Add(address+" "+d.Attribute, "drifts, too: adopt, expect or correct it first")
				continue
			}
			c := changes[j]
			c.Before, c.After = d.Before, d.After
			out = append(out, c)
		}
	}
	if err := faults.OrNil(); err != nil {
		return nil, err
	}
	if len(out) < len(changes) {
		return nil, fmt.Errorf("not all of it drifts as was reported any more: %w", aegis.ErrConflict)
	}
	return out, nil
}

func addressesOf(changes []aegis.DriftChange) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Address)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// adopt proposes to adopt what policy wants adopted, unless that is under way, was
// tried in vain, or is known to be impossible.
func (r *Reconciler) adopt(ctx context.Context, stack aegis.Stack, changes []aegis.DriftChange) error {
	if len(changes) == 0 || r.parameters == nil {
		return nil
	}
	due, failed, err := r.due(ctx, stack.StackID, true)
	if err != nil {
		return err
	}
	if failed != nil {
		var tried []aegis.DriftChange
		tried, changes = split(changes, failed.Target.Addresses)
		err := r.impossible(ctx, stack.StackID, tried, fmt.Sprintf("not adopted: change set %s is %s: %s", failed.ChangeSetID, failed.PromotionState, failed.Error))
		if err != nil {
			return err
		}
	}
	if !due || len(changes) == 0 {
		return nil
	}
	adopter := Adopter{Store: r.store, Parameters: r.parameters, Door: r.door}
	for _, address := range addressesOf(changes) { // one that can't be adopted keeps no other from it
		here, _ := split(changes, []string{address})
		cs, err := adopter.adopt(ctx, stack, here, actor)
		switch {
		case errors.Is(err, aegis.ErrInvalid), errors.Is(err, aegis.ErrConflict), errors.Is(err, aegis.ErrNotImplemented):
			if err := r.impossible(ctx, stack.StackID, here, "not adopted: "+err.Error()); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			r.logger.InfoContext(ctx, "adoption proposed", "stack_id", stack.StackID, "change_set_id", cs.ChangeSetID)
			return nil // the others come next: one change set at a time has the stack
		}
	}
	return nil
}

// split are the changes at the addresses, and the others.
func split(changes []aegis.DriftChange, addresses []string) (at, others []aegis.DriftChange) {
	for _, c := range changes {
		if slices.Contains(addresses, c.Address) {
			at = append(at, c)
		} else {
			others = append(others, c)
		}
	}
	return at, others
}

// untried are the changes of which no report says that they can't be adopted as
// they are.
func untried(changes []aegis.DriftChange, open []aegis.DriftReport) []aegis.DriftChange {
	return slices.DeleteFunc(changes, func(c aegis.DriftChange) bool {
		return slices.ContainsFunc(open, func(r aegis.DriftReport) bool {
			return r.Kind == aegis.DriftChanged && slices.ContainsFunc(r.Changes, func(o aegis.DriftChange) bool {
				return sameDrift(r.Kind, o, c) && aegis.SameValue(o.After, c.After) && o.Decision == aegis.AdoptDrift && o.Reason != ""
			})
		})
	})
}

// impossible writes into reports why changes are not adopted. They stay so while
// they are as they are.
func (r *Reconciler) impossible(ctx context.Context, stackID string, changes []aegis.DriftChange, reason string) error {
	err := r.store.UpdateDrift(ctx, stackID, func(open []aegis.DriftReport) []aegis.DriftWrite {
		var writes []aegis.DriftWrite
		for _, report := range open {
			report.Changes = slices.Clone(report.Changes)
			noted := false
			for i := range report.Changes {
				c := &report.Changes[i]
				meant := slices.ContainsFunc(changes, func(o aegis.DriftChange) bool { return o.Address == c.Address && o.Attribute == c.Attribute })
				if meant && c.Decision == aegis.AdoptDrift && c.Reason == "" && report.Kind == aegis.DriftChanged {
					c.Reason, noted = reason, true
				}
			}
			if noted {
				writes = append(writes, aegis.DriftWrite{Report: report})
			}
		}
		return writes
	})
	if err != nil {
		return fmt.Errorf("note what of stack %s can't be adopted: %w", stackID, err)
	}
	return nil
}
