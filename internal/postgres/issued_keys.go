package postgres

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis"
)

// RecordKey notes that the autopilot was given an access key, so that calls
// made with it are known for its own.
func (db *DB) RecordKey(ctx context.Context, k aegis.IssuedKey) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO issued_keys AS k (access_key_id, change_set_id, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (access_key_id) DO UPDATE SET expires_at = greatest(k.expires_at, excluded.expires_at)`,
		k.AccessKeyID, k.ChangeSetID, k.ExpiresAt)
	if err != nil {
		return fmt.Errorf("record an issued key: %w", mapError(err))
	}
	return nil
}
