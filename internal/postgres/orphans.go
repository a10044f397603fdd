package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// Orphans lists change sets that have not ended and whose holder's hold ran
// out, or that nobody holds although their job was due longer than overdue ago.
func (db *DB) Orphans(ctx context.Context, overdue time.Duration) ([]rollout.Orphan, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT change_set_id, version, holder
		FROM change_sets
		WHERE phase <> 'done' AND CASE holder WHEN '' THEN due_at < now() - $1::interval ELSE held_until < now() END
		ORDER BY due_at`, overdue)
	orphans, err := pgx.CollectRows(rows, pgx.RowToStructByName[rollout.Orphan])
	if err != nil {
		return nil, fmt.Errorf("list orphaned change sets: %w", mapError(err))
	}
	return orphans, nil
}

// Requeue gives an orphan another job, in one transaction. One with a dead
// holder is taken from it and moves to the next version, so that the dead
// worker's job is stale; one without keeps its version. ErrStale: it is no
// orphan any more, or it was requeued within the last second.
func (db *DB) Requeue(ctx context.Context, orphan rollout.Orphan) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			UPDATE change_sets SET
				version = CASE holder WHEN '' THEN version ELSE version + 1 END,
				holder = '', held_until = NULL, due_at = now(), updated_at = now()
			WHERE change_set_id = $1 AND version = $2 AND holder = $3 AND phase <> 'done'
				AND CASE holder WHEN '' THEN due_at < now() - interval '1 second' ELSE held_until < now() END
			RETURNING version`, orphan.ChangeSetID, orphan.Version, orphan.Holder)
		versions, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			return aegis.ErrStale
		}
		b := &pgx.Batch{}
		enqueue(b, queueSteps, changeSetJob{ChangeSetID: orphan.ChangeSetID, Version: versions[0]}, 0)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("requeue change set %s: %w", orphan.ChangeSetID, err)
	}
	return nil
}

// Defer inserts one more job for the same version, due after delay.
func (db *DB) Defer(ctx context.Context, id string, version int64, delay time.Duration) error {
	b := &pgx.Batch{}
	b.Queue(`
		UPDATE change_sets SET due_at = greatest(due_at, now() + $3::interval)
		WHERE change_set_id = $1 AND version = $2`, id, version, delay)
	enqueue(b, queueSteps, changeSetJob{ChangeSetID: id, Version: version}, delay)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("defer change set %s: %w", id, err)
	}
	return nil
}
