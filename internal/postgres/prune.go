package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// prune removes what nobody can ask for any more: spent credentials, answers
// of old requests, workers long gone.
func (db *DB) prune(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM requests WHERE expires_at < now()`)
	b.Queue(`DELETE FROM login_codes WHERE expires_at < now()`)
	b.Queue(`DELETE FROM sessions WHERE expires_at < now()`)
	b.Queue(`DELETE FROM workers WHERE beat_at < now() - interval '1 hour'`)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("remove what has expired: %w", err)
	}
	return nil
}
