package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// SaveSnapshot writes a stack's snapshot, or replaces the one of the same time
// (to the microsecond), and forgets all but the newest keep.
func (db *DB) SaveSnapshot(ctx context.Context, stackID string, takenAt time.Time, sealed []byte, keep int) error {
	b := &pgx.Batch{}
	b.Queue(`
		INSERT INTO engine_snapshots (stack_id, taken_at, sealed) VALUES ($1, $2, $3)
		ON CONFLICT (stack_id, taken_at) DO UPDATE SET sealed = excluded.sealed`, stackID, takenAt, sealed)
	b.Queue(`
		DELETE FROM engine_snapshots WHERE stack_id = $1 AND taken_at < (
			SELECT min(taken_at) FROM (
				SELECT taken_at FROM engine_snapshots WHERE stack_id = $1 ORDER BY taken_at DESC LIMIT $2) AS kept)`,
		stackID, keep)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("save snapshot of stack %s: %w", stackID, err)
	}
	return nil
}

// Snapshots returns a stack's snapshots, the newest first, at most limit.
func (db *DB) Snapshots(ctx context.Context, stackID string, limit int) ([][]byte, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT sealed FROM engine_snapshots WHERE stack_id = $1 ORDER BY taken_at DESC LIMIT $2`, stackID, limit)
	found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, fmt.Errorf("read snapshots of stack %s: %w", stackID, mapError(err))
	}
	return found, nil
}
