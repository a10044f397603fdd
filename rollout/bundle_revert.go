package rollout

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/aegisworld/aegis"
)

// RevertPolicy proposes the bundle that ran before when the one that runs has
// given no answer since it came: errors, timeouts and undefined answers undo a
// push, denials never do. It returns the change set, or one without an id when
// there is nothing to undo. It is to run every few seconds; a push is undone
// once.
func (d *Door) RevertPolicy(ctx context.Context) (aegis.AutonomousChangeSet, error) {
	var none aegis.AutonomousChangeSet
	running, err := d.store.RunningPolicy(ctx)
	if err != nil || running.ChangeSetID == "" {
		return none, err
	}
	pushed, err := d.store.ChangeSet(ctx, running.ChangeSetID)
	if err != nil {
		return none, fmt.Errorf("read change set %s: %w", running.ChangeSetID, err)
	}
	// One that is not promoted yet is watched by its own change set, and of what
	// a rollback brought back nothing better is known.
	if pushed.PromotionState != aegis.StatePromoted || pushed.RollbackOf != "" {
		return none, nil
	}
	if _, err := d.store.ChangeSet(ctx, revertOf(&pushed)); !errors.Is(err, aegis.ErrNotFound) {
		return none, err
	}
	seen, err := d.bundles.Faults(ctx, pushed.Policy.Revision, false, pushed.CreatedAt)
	if err != nil || seen.Faults == 0 {
		return none, err
	}
	d.logger.WarnContext(ctx, "policy bundle gives no answers and is undone", "change_set_id", pushed.ChangeSetID,
		"revision", pushed.Policy.Revision, "faults", seen.Faults, "decisions", seen.Evaluated, "first", seen.First)
	undo := undone(&pushed, "aegis")
	undo.ChangeSetID = revertOf(&pushed)
	undo.Summary += fmt.Sprintf(": the newer one gave no answer for %d of %d decisions: %.600s", seen.Faults, seen.Evaluated, seen.First)
	undo, err = d.insertBundle(ctx, undo)
	if errors.Is(err, aegis.ErrConflict) {
		return none, nil // another worker proposed it
	}
	return undo, err
}

// revertOf is the id of the change set that undoes a push by itself.
func revertOf(pushed *aegis.AutonomousChangeSet) string {
	return aegis.DerivedID(aegis.ChangeSetPrefix, pushed.CreatedAt, sha256.Sum256([]byte("revert "+pushed.ChangeSetID)))
}
