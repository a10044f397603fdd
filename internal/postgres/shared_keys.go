package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
)

// SharedKey returns the 32 random bytes of that name, the same for every
// worker on this database. The first one to ask makes them.
func (db *DB) SharedKey(ctx context.Context, name string) ([]byte, error) {
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // never fails since Go 1.24
	var key []byte
	err := db.pool.QueryRow(ctx, `
		INSERT INTO shared_keys (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET name = excluded.name
		RETURNING value`, name, fresh[:]).Scan(&key)
	if err != nil {
		return nil, fmt.Errorf("read shared key %s: %w", name, mapError(err))
	}
	return key, nil
}
