package postgres

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aegisworld/aegis"
)

// stateTable is the table of Pulumi's Postgres backend: key, which is a
// path such as ".pulumi/stacks/aegis/dev.network.eu-west-1.json.gz", data, which
// is {"data":"<base64>"}, and updated_at. The backend makes it at its first use.
const stateTable = "pulumi_state"

// noTable says that the backend was never used.
func noTable(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == "42P01"
}

// ReadState returns a state file's content; ErrNotFound.
func (db *DB) ReadState(ctx context.Context, key string) ([]byte, error) {
	var encoded string
	err := db.pool.QueryRow(ctx, `SELECT data->>'data' FROM `+stateTable+` WHERE key = $1`, key).Scan(&encoded)
	if noTable(err) {
		err = aegis.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read state file %s: %w", key, mapError(err))
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("read state file %s: %w: %w", key, aegis.ErrStateCorrupt, err)
	}
	return data, nil
}

// WriteState creates or replaces a state file. It makes the backend's table,
// as the backend does, when it was never used.
func (db *DB) WriteState(ctx context.Context, key string, data []byte) error {
	err := db.writeState(ctx, key, data)
	if noTable(err) {
		// IF NOT EXISTS does not keep two that make the table at once from
		// clashing in the catalogue: the late one fails, and the table is there.
		made := db.makeStateTable(ctx)
		err = db.writeState(ctx, key, data)
		if noTable(err) {
			err = made
		}
	}
	if err != nil {
		return fmt.Errorf("write state file %s: %w", key, mapError(err))
	}
	return nil
}

func (db *DB) makeStateTable(ctx context.Context) error {
	_, err := db.pool.Exec(ctx, `
		CREATE TABLE IF NOT EXISTS `+stateTable+` (
			key text PRIMARY KEY, data json NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`)
	return err
}

func (db *DB) writeState(ctx context.Context, key string, data []byte) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO `+stateTable+` (key, data) VALUES ($1, json_build_object('data', $2::text))
		ON CONFLICT (key) DO UPDATE SET data = excluded.data, updated_at = now()`,
		key, base64.StdEncoding.EncodeToString(data))
	return err
}

// ListState returns the keys that begin with prefix, sorted.
func (db *DB) ListState(ctx context.Context, prefix string) ([]string, error) {
	rows, _ := db.pool.Query(ctx, `SELECT key FROM `+stateTable+` WHERE starts_with(key, $1) ORDER BY key COLLATE "C"`, prefix)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if noTable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list state files %s*: %w", prefix, mapError(err))
	}
	return keys, nil
}

// DeleteState removes a state file; it is no error when there is none.
func (db *DB) DeleteState(ctx context.Context, key string) error {
	_, err := db.pool.Exec(ctx, `DELETE FROM `+stateTable+` WHERE key = $1`, key)
	if err != nil && !noTable(err) {
		return fmt.Errorf("delete state file %s: %w", key, mapError(err))
	}
	return nil
}

// StateStacks lists the stacks that Pulumi has state of, sorted by id.
func (db *DB) StateStacks(ctx context.Context) ([]string, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT DISTINCT substring(key FROM '/stacks/(?:[^/]+/)?([^/]+)\.json(?:\.gz)?$') COLLATE "C" AS stack_id
		FROM `+stateTable+`
		WHERE key ~ '/stacks/(?:[^/]+/)?[^/]+\.json(?:\.gz)?$'
		ORDER BY stack_id`)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if noTable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list stacks with state: %w", mapError(err))
	}
	return ids, nil
}
