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
	for _, source := range []aegis.Source{aegis.SourceDrift, aegis.SourceReconcile} {
		due, err := r.due(ctx, stack.StackID, source)
		if err != nil || !due {
			return err
		}
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

// due says that no correction is open and that the last one either held or is
// long enough ago.
func (r *Reconciler) due(ctx context.Context, stackID string, source aegis.Source) (bool, error) {
	filter := aegis.ChangeSetFilter{StackID: stackID, Source: source}
	corrections, _, err := r.store.ChangeSets(ctx, filter, aegis.Page{})
	if err != nil {
		return false, fmt.Errorf("list corrections of stack %s: %w", stackID, err)
	}
	for i, cs := range corrections {
		if !cs.PromotionState.Terminal() {
			return false, nil
		}
		pause := r.pause
		if cs.PromotionState == aegis.StateFailed && len(cs.Target.Addresses) > 0 {
			pause = max(pause, fightWindow) // the engine can't do it without what is left
		}
		if i == 0 && cs.PromotionState != aegis.StatePromoted && r.now().Sub(cs.UpdatedAt) < pause {
			return false, nil
		}
	}
	return true, nil
}

func summary(stackID string, drifted []aegis.ResourceChange) string {
	if len(drifted) == 1 {
		return fmt.Sprintf("Correct drift of %s in %s", drifted[0].Address, stackID)
	}
	return fmt.Sprintf("Correct drift of %d resources in %s", len(drifted), stackID)
}
