package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// snapshotsKept is how many copies of one stack's state are kept.
const snapshotsKept = 10

// stateFile is one row of the backend.
type stateFile struct {
	Key  string          `json:"key"`
	Data json.RawMessage `json:"data"`
}

// filesOf matches the checkpoint of one stack in any project, compressed or
// not, with the backup beside it; history and locks are not part of it.
func filesOf(stackName string) string {
	return `/stacks/([^/]+/)?` + regexp.QuoteMeta(stackName) + `\.json(\.gz)?(\.bak)?$`
}

// CopyState copies a stack's state in Pulumi's Postgres backend, keeps the
// newest ten copies, and returns the copy's id. ErrNotFound: the stack has no
// state.
func (db *DB) CopyState(ctx context.Context, stackName string) (int64, error) {
	var id int64
	err := db.transact(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `SELECT key, data FROM `+db.table()+` WHERE key ~ $1 ORDER BY key`, filesOf(stackName))
		files, err := pgx.CollectRows(rows, pgx.RowToStructByName[stateFile])
		if noTable(err) || (err == nil && len(files) == 0) {
			return aegis.ErrNotFound
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `INSERT INTO state_snapshots (stack_name, files) VALUES ($1, $2) RETURNING snapshot_id`,
			stackName, files).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			DELETE FROM state_snapshots WHERE stack_name = $1 AND snapshot_id NOT IN (
				SELECT snapshot_id FROM state_snapshots WHERE stack_name = $1 ORDER BY snapshot_id DESC LIMIT $2)`,
			stackName, snapshotsKept)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("copy state of stack %s: %w", stackName, err)
	}
	return id, nil
}

// RestoreState puts a copy back in the place of what the stack has now; id 0
// is the newest copy. ErrNotFound: there is no such copy of this stack.
func (db *DB) RestoreState(ctx context.Context, stackName string, id int64) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		var files []stateFile
		err := tx.QueryRow(ctx, `
			SELECT files FROM state_snapshots WHERE stack_name = $1 AND ($2 = 0 OR snapshot_id = $2)
			ORDER BY snapshot_id DESC LIMIT 1`, stackName, id).Scan(&files)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`DELETE FROM `+db.table()+` WHERE key ~ $1`, filesOf(stackName))
		for _, f := range files {
			b.Queue(`INSERT INTO `+db.table()+` (key, data, updated_at) VALUES ($1, $2, now())`, f.Key, f.Data)
		}
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("restore state of stack %s: %w", stackName, err)
	}
	return nil
}
