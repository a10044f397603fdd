package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// claimedRow is a change set that was just claimed, with the fencing tokens of
// its stacks.
type claimedRow struct {
	changeSetRow

	Memory rollout.Memory
	Tokens map[string]int64
}

// Claim takes the change set for holder for ttl and raises the fencing token
// of each lease that it owns, in one statement. ErrStale: the version is not
// the current one, or the change set has ended. ErrLeaseHeld: another hold has
// not run out. ErrNotFound.
func (db *DB) Claim(ctx context.Context, id string, version int64, holder string, ttl time.Duration) (rollout.Claimed, error) {
	rows, _ := db.pool.Query(ctx, `
		WITH claimed AS (
			UPDATE change_sets SET holder = $3, held_until = now() + $4
			WHERE change_set_id = $1 AND version = $2 AND phase <> 'done' AND (holder = '' OR held_until <= now())
			RETURNING change_set_id, change_set, version, created_at, updated_at, memory
		), owned AS (
			SELECT stack_id FROM leases WHERE change_set_id = (SELECT change_set_id FROM claimed) ORDER BY stack_id FOR UPDATE
		), raised AS (
			UPDATE leases SET fencing_token = fencing_token + 1
			FROM owned WHERE leases.stack_id = owned.stack_id
			RETURNING leases.stack_id, fencing_token
		)
		SELECT change_set, version, created_at, updated_at, memory,
			(SELECT coalesce(json_object_agg(stack_id, fencing_token), '{}') FROM raised) AS tokens
		FROM claimed`, id, version, holder, ttl)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
	if err == nil && len(found) == 0 {
		err = db.whyNotClaimed(ctx, id, version)
	}
	if err != nil {
		return rollout.Claimed{}, fmt.Errorf("claim change set %s: %w", id, mapError(err))
	}
	cs, err := found[0].changeSet()
	if err != nil {
		return rollout.Claimed{}, fmt.Errorf("claim change set %s: %w", id, err)
	}
	return rollout.Claimed{ChangeSet: cs, Memory: found[0].Memory, Tokens: found[0].Tokens}, nil
}

func (db *DB) whyNotClaimed(ctx context.Context, id string, version int64) error {
	var current int64
	var phase aegis.Phase
	err := db.pool.QueryRow(ctx, `SELECT version, phase FROM change_sets WHERE change_set_id = $1`, id).Scan(&current, &phase)
	switch {
	case err != nil:
		return err
	case current != version, phase == aegis.PhaseDone:
		return aegis.ErrStale
	default:
		return aegis.ErrLeaseHeld
	}
}

// Heartbeat prolongs the hold to ttl from now and returns the current version.
// ErrLeaseLost: holder holds the change set no more.
func (db *DB) Heartbeat(ctx context.Context, id, holder string, ttl time.Duration) (int64, error) {
	rows, _ := db.pool.Query(ctx, `
		UPDATE change_sets SET held_until = now() + $3
		WHERE change_set_id = $1 AND holder = $2 AND holder <> ''
		RETURNING version`, id, holder, ttl)
	versions, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err == nil && len(versions) == 0 {
		err = aegis.ErrLeaseLost
	}
	if err != nil {
		return 0, fmt.Errorf("prolong hold of change set %s: %w", id, mapError(err))
	}
	return versions[0], nil
}

// Release gives the hold back; it does nothing when holder does not hold it.
func (db *DB) Release(ctx context.Context, id, holder string) error {
	_, err := db.pool.Exec(ctx, `
		UPDATE change_sets SET holder = '', held_until = NULL, due_at = now()
		WHERE change_set_id = $1 AND holder = $2 AND holder <> ''`, id, holder)
	if err != nil {
		return fmt.Errorf("release change set %s: %w", id, mapError(err))
	}
	return nil
}

// leaseRow is a lease with its owner's holder.
type leaseRow struct {
	StackID      string
	ChangeSetID  string
	Holder       string
	FencingToken int64
	ExpiresAt    *time.Time
}

// Leases lists those of the stacks that a change set owns. ExpiresAt is when
// the worker that runs now is given up, zero between stages.
func (db *DB) Leases(ctx context.Context, stackIDs []string) ([]aegis.Lease, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT l.stack_id, c.change_set_id, c.holder, l.fencing_token, c.held_until AS expires_at
		FROM leases l JOIN change_sets c ON c.change_set_id = l.change_set_id
		WHERE l.stack_id = ANY($1)
		ORDER BY l.stack_id`, emptyNotNil(stackIDs))
	leases, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (aegis.Lease, error) {
		r, err := pgx.RowToStructByName[leaseRow](row)
		lease := aegis.Lease{StackID: r.StackID, ChangeSetID: r.ChangeSetID, Holder: r.Holder, FencingToken: r.FencingToken}
		if r.ExpiresAt != nil {
			lease.ExpiresAt = *r.ExpiresAt
		}
		return lease, err
	})
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", mapError(err))
	}
	return leases, nil
}
