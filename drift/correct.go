package drift

import (
	"context"
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// actor is who proposes corrections.
const actor = "drift"

// maxCorrected is how many resources are named in one correction.
const maxCorrected = 200

// correct proposes to bring a drifted stack, or the resources at the addresses,
// back to its spec, unless that is under way, or was tried in vain a moment ago.
func (r *Reconciler) correct(ctx context.Context, stack aegis.Stack, seen aegis.Observation, addresses []string) error {
	addresses = addresses[:min(len(addresses), maxCorrected)] // the others come next
	due, _, err := r.due(ctx, stack.StackID, false)
	if err != nil || !due {
		return err
	}
	drifted := seen.Drift
	if len(addresses) > 0 {
		drifted = slices.DeleteFunc(slices.Clone(drifted), func(c aegis.ResourceChange) bool { return !slices.Contains(addresses, c.Address) })
	}
	cs, err := r.door.Propose(ctx, aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: actor, Summary: summary(stack.StackID, drifted),
		Target: aegis.Target{Kind: stack.Kind, StackIDs: []string{stack.StackID}, Addresses: addresses},
	})
	if err != nil {
		return fmt.Errorf("propose to correct stack %s: %w", stack.StackID, err)
	}
	r.logger.InfoContext(ctx, "correction proposed", "stack_id", stack.StackID, "change_set_id", cs.ChangeSetID,
		"drifted", len(drifted))
	err = r.store.UpdateDrift(ctx, stack.StackID, func(open []aegis.DriftReport) []aegis.DriftWrite {
		var writes []aegis.DriftWrite
		for _, report := range open {
			if report.State == aegis.DriftOpen && report.Kind != aegis.DriftUnmanaged && concerns(report, addresses) {
				report.ChangeSetID = cs.ChangeSetID
				writes = append(writes, aegis.DriftWrite{Report: report})
			}
		}
		return writes
	})
	if err != nil {
		return fmt.Errorf("note the correction of stack %s: %w", stack.StackID, err)
	}
	return nil
}

// concerns says that a report is about any of the resources; none are all.
func concerns(report aegis.DriftReport, addresses []string) bool {
	return len(addresses) == 0 || slices.ContainsFunc(report.Changes, func(c aegis.DriftChange) bool { return slices.Contains(addresses, c.Address) })
}

// due says that neither correction nor adoption is open, and that the last one of
// its kind either held, is long enough ago, or was followed by one that held. failed is the last one where it
// failed less than that ago.
func (r *Reconciler) due(ctx context.Context, stackID string, adoption bool) (due bool, failed *aegis.AutonomousChangeSet, err error) {
	for _, source := range []aegis.Source{aegis.SourceDrift, aegis.SourceReconcile} {
		past, _, err := r.store.ChangeSets(ctx, aegis.ChangeSetFilter{StackID: stackID, Source: source}, aegis.Page{})
		if err != nil {
			return false, nil, fmt.Errorf("list corrections of stack %s: %w", stackID, err)
		}
		if slices.ContainsFunc(past, func(cs aegis.AutonomousChangeSet) bool { return !cs.PromotionState.Terminal() }) {
			return false, nil, nil
		}
		past = slices.DeleteFunc(past, func(cs aegis.AutonomousChangeSet) bool { return cs.Target.Kind == aegis.TargetAWSResource })
		last := slices.IndexFunc(past, func(cs aegis.AutonomousChangeSet) bool { return (len(cs.Patches) > 0) == adoption })
		promoted := func(cs aegis.AutonomousChangeSet) bool { return cs.PromotionState == aegis.StatePromoted }
		if last >= 0 && r.tooSoon(past[last]) && !slices.ContainsFunc(past[:last], promoted) {
			return false, &past[last], nil
		}
	}
	return true, nil, nil
}

// tooSoon says that a change set that did not hold is too young to be tried again.
func (r *Reconciler) tooSoon(cs aegis.AutonomousChangeSet) bool {
	pause := r.pause
	if cs.PromotionState == aegis.StateFailed && len(cs.Target.Addresses) > 0 {
		pause = max(pause, fightWindow) // the engine can't do it
	}
	return cs.PromotionState != aegis.StatePromoted && r.now().Sub(cs.UpdatedAt) < pause
}

func summary(stackID string, drifted []aegis.ResourceChange) string {
	if len(drifted) == 1 {
		return fmt.Sprintf("Correct drift of %s in %s", drifted[0].Address, stackID)
	}
	return fmt.Sprintf("Correct drift of %d resources in %s", len(drifted), stackID)
}
