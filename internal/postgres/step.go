package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// CommitStep writes all of a step in one transaction or, with an error,
// nothing. ErrStale: the row has another version. ErrLeaseLost: Holder is set
// and does not hold it. ErrLeaseHeld: a stack of Own belongs to another change
// set. ErrBudgetExceeded: a reservation does not fit. ErrConflict: a revision
// is not its stack's newest plus one. ErrNotFound: there is no such change set
// or stack.
//
// Rows are locked in one order everywhere (change set, leases, accounts,
// stacks, breakers, events) so that steps can't block each other for good.
func (db *DB) CommitStep(ctx context.Context, step rollout.Step) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		if err := moveOn(ctx, tx, step); err != nil {
			return err
		}
		corrected, err := correctDrift(ctx, tx, step, cleanStacks(step))
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		own(b, step)
		reserve(b, step)
		record(b, step)
		continueWith(b, step)
		appendEvents(b, append(step.Events, writeReports(b, corrected)...)...)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("commit step of change set %s: %w", step.ChangeSet.ChangeSetID, err)
	}
	return nil
}

// moveOn writes the change set's row, which decides whether this step or
// another one is the successor of its version.
func moveOn(ctx context.Context, tx pgx.Tx, step rollout.Step) error {
	cs := step.ChangeSet
	var delay time.Duration
	if step.Next != nil {
		delay = max(*step.Next, 0)
	}
	tag, err := tx.Exec(ctx, `
		UPDATE change_sets SET
			source = $4, goal_id = $5, stack_ids = $6, promotion_state = $7, phase = $8, change_set = $9, memory = $10,
			version = version + 1,
			holder = CASE WHEN $3 = '' OR $11 THEN holder ELSE '' END,
			held_until = CASE WHEN $3 = '' OR $11 THEN held_until END,
			due_at = now() + $12::interval,
			ended_at = CASE WHEN $8 = 'done' THEN coalesce(ended_at, now()) END,
			updated_at = now()
		WHERE change_set_id = $1 AND version = $2 AND ($3 = '' OR holder = $3)`,
		cs.ChangeSetID, cs.Version, step.Holder, cs.Source, cs.GoalID, emptyNotNil(cs.Target.StackIDs), cs.PromotionState,
		cs.Phase, cs, step.Memory, step.Keep, delay)
	if err != nil || tag.RowsAffected() == 1 {
		return err
	}
	var current int64
	if err := tx.QueryRow(ctx, `SELECT version FROM change_sets WHERE change_set_id = $1`, cs.ChangeSetID).Scan(&current); err != nil {
		return err
	}
	if current != cs.Version {
		return fmt.Errorf("version %d is %d now: %w", cs.Version, current, aegis.ErrStale)
	}
	return aegis.ErrLeaseLost
}

// cleanStacks are the stacks that the step found as they should be, but for what
// it left.
func cleanStacks(step rollout.Step) []string {
	var ids []string
	removal := step.ChangeSet.Target.Kind == aegis.TargetAWSResource // which reads what it removed
	for _, s := range step.Stacks {
		if s.State == aegis.StackClean && (s.Reconciled || removal) || s.State == aegis.StackDrifted {
			ids = append(ids, s.StackID)
		}
	}
	return ids
}

// own queues the change of the stacks' owner.
func own(b *pgx.Batch, step rollout.Step) {
	id := step.ChangeSet.ChangeSetID
	for _, stackID := range slices.Sorted(slices.Values(step.Own)) {
		mustTouch(b.Queue(`
			INSERT INTO leases (stack_id, change_set_id, fencing_token) VALUES ($1, $2, 1)
			ON CONFLICT (stack_id) DO UPDATE SET
				change_set_id = excluded.change_set_id,
				fencing_token = leases.fencing_token + CASE WHEN leases.change_set_id IS NULL THEN 1 ELSE 0 END
			WHERE leases.change_set_id IS NULL OR leases.change_set_id = excluded.change_set_id`,
			stackID, id), aegis.ErrLeaseHeld, "own stack "+stackID)
	}
	if step.Disown {
		b.Queue(`
			WITH owned AS (
				SELECT stack_id FROM leases WHERE change_set_id = $1 ORDER BY stack_id FOR UPDATE
			)
			UPDATE leases SET change_set_id = NULL, fencing_token = fencing_token + 1
			FROM owned WHERE leases.stack_id = owned.stack_id`, id)
	}
}

// record queues what the step found and did.
func record(b *pgx.Batch, step rollout.Step) {
	for _, d := range []*aegis.Decision{step.Decision, step.Shadow} {
		if d != nil {
			addDecision(b, *d)
		}
	}
	revisions := slices.SortedFunc(slices.Values(step.Revisions), func(x, y aegis.SpecRevision) int {
		return strings.Compare(x.StackID, y.StackID)
	})
	stacks := slices.SortedFunc(slices.Values(step.Stacks), func(x, y rollout.StackUpdate) int {
		return strings.Compare(x.StackID, y.StackID)
	})
	lockStacks(b, revisions, stacks)
	for _, r := range revisions {
		addRevision(b, r)
	}
	for _, s := range stacks {
		updateStack(b, s)
	}
	for _, breaker := range step.Breakers {
		openBreaker(b, breaker)
	}
	if step.Policy != nil {
		runPolicy(b, *step.Policy)
	}
	if trace := step.Trace; step.ChangeSet.TraceID != "" {
		trace.TraceID, trace.GoalID, trace.ChangeSetID = step.ChangeSet.TraceID, step.ChangeSet.GoalID, step.ChangeSet.ChangeSetID
		appendTrace(b, trace)
	}
}

// lockStacks queues the locking of all stacks that the step writes, by id.
func lockStacks(b *pgx.Batch, revisions []aegis.SpecRevision, stacks []rollout.StackUpdate) {
	var ids []string
	for _, r := range revisions {
		ids = append(ids, r.StackID)
	}
	for _, s := range stacks {
		ids = append(ids, s.StackID)
	}
	if len(ids) > 0 {
		b.Queue(`SELECT stack_id FROM stacks WHERE stack_id = ANY($1) ORDER BY stack_id FOR UPDATE`, ids)
	}
}

func updateStack(b *pgx.Batch, s rollout.StackUpdate) {
	mustTouch(b.Queue(`
		UPDATE stacks SET
			state = $2, error = $3, updated_at = now(),
			resource_count = coalesce($4, resource_count),
			last_reconciled_at = CASE WHEN $5 THEN now() ELSE last_reconciled_at END
		WHERE stack_id = $1`,
		s.StackID, s.State, s.Error, s.ResourceCount, s.Reconciled), aegis.ErrNotFound, "update stack "+s.StackID)
}

// continueWith queues the jobs that follow.
func continueWith(b *pgx.Batch, step rollout.Step) {
	cs := step.ChangeSet
	if len(cs.Target.Addresses) > 0 && cs.PromotionState == aegis.StatePromoted {
		for _, id := range cs.Target.StackIDs { // of which it read a part
			enqueue(b, queueReconcile, reconcileJob{StackID: id}, 0)
		}
	}
	if step.Next != nil {
		enqueue(b, queueSteps, changeSetJob{ChangeSetID: cs.ChangeSetID, Version: cs.Version + 1}, *step.Next)
	}
	if step.SettleGoal && cs.GoalID != "" {
		enqueue(b, queueGoals, goalSettleJob{GoalID: cs.GoalID}, 0)
	}
}
