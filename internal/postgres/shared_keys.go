package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SharedKey returns the key, or the shape in which it is kept, of that name,
// the same for every worker on this database. The first one to ask makes it.
func (db *DB) SharedKey(ctx context.Context, name string, fresh func(context.Context) ([]byte, error)) ([]byte, error) {
	var key []byte
	err := db.pool.QueryRow(ctx, `SELECT value FROM shared_keys WHERE name = $1`, name).Scan(&key)
	if errors.Is(err, pgx.ErrNoRows) {
		var made []byte
		if made, err = fresh(ctx); err != nil {
			return nil, fmt.Errorf("make shared key %s: %w", name, err)
		}
		err = db.pool.QueryRow(ctx, `
			INSERT INTO shared_keys (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET name = excluded.name
			RETURNING value`, name, made).Scan(&key)
	}
	if err != nil {
		return nil, fmt.Errorf("read shared key %s: %w", name, mapError(err))
	}
	return key, nil
}
