package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// SaveArchive keeps an uploaded workspace; the same one twice is one.
func (db *DB) SaveArchive(ctx context.Context, digest string, sealed []byte) error {
	_, err := db.pool.Exec(ctx, `INSERT INTO workspace_archives (digest, sealed) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, digest, sealed)
	if err != nil {
		return fmt.Errorf("save archive: %w", mapError(err))
	}
	return nil
}

// Archive reads an uploaded workspace; ErrNotFound when there is none.
func (db *DB) Archive(ctx context.Context, digest string) ([]byte, error) {
	var sealed []byte
	err := db.pool.QueryRow(ctx, `SELECT sealed FROM workspace_archives WHERE digest = $1`, digest).Scan(&sealed)
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", mapError(err))
	}
	return sealed, nil
}

// SetStackMode changes what may be done to a stack, with an event "stack.mode".
// ErrConflict: a change set owns it. ErrNotFound: there is none.
func (db *DB) SetStackMode(ctx context.Context, id string, mode aegis.StackMode) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		var state aegis.StackState
		var text string
		err := tx.QueryRow(ctx, `SELECT state, error FROM stacks WHERE stack_id = $1 FOR UPDATE`, id).Scan(&state, &text)
		if err != nil {
			return err
		}
		var owner string
		err = tx.QueryRow(ctx, `SELECT coalesce(max(change_set_id), '') FROM leases WHERE stack_id = $1`, id).Scan(&owner)
		if err != nil {
			return err
		}
		if owner != "" {
			return fmt.Errorf("change set %s is at the stack: %w", owner, aegis.ErrConflict)
		}
		if _, err := tx.Exec(ctx, `UPDATE stacks SET mode = $2, updated_at = now() WHERE stack_id = $1`, id, mode); err != nil {
			return err
		}
		b := &pgx.Batch{}
		event := stackEvent("stack.mode", id, state, text)
		event.Data = eventData(map[string]any{"stack_id": id, "mode": mode})
		appendEvents(b, event)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("set mode of stack %s: %w", id, mapError(err))
	}
	return nil
}
