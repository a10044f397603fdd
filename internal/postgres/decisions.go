package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// addDecision queues a decision's record.
func addDecision(b *pgx.Batch, d aegis.Decision) {
	if len(d.Input) == 0 {
		d.Input = json.RawMessage("null")
	}
	b.Queue(`
		INSERT INTO decisions (decision_id, change_set_id, stack_ids, bundle_revision, path, input, input_digest, result, allowed, latency_us, decided_at, shadow)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		d.DecisionID, d.ChangeSetID, emptyNotNil(d.StackIDs), d.BundleRevision, d.Path, d.Input, d.InputDigest, d.Result,
		d.Allowed, d.LatencyUS, orNow(d.DecidedAt), d.Shadow)
}

// Decision reads a decision with its input, byte for byte; ErrNotFound when
// there is none.
func (db *DB) Decision(ctx context.Context, id string) (aegis.Decision, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, input, input_digest, result, allowed, latency_us, decided_at, shadow
		FROM decisions WHERE decision_id = $1`, id)
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Decision])
	if err != nil {
		return aegis.Decision{}, fmt.Errorf("read decision %s: %w", id, mapError(err))
	}
	return d, nil
}

// Decisions lists the decisions that match, without their inputs, newest
// first, and returns the cursor of the next page.
func (db *DB) Decisions(ctx context.Context, f aegis.DecisionFilter, page aegis.Page) ([]aegis.Decision, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, NULL::json AS input, input_digest, result,
			allowed, latency_us, decided_at, shadow
		FROM decisions
		WHERE (decided_at, decision_id) < ($1, $2) AND ($4 = '' OR stack_ids @> ARRAY[$4]) AND ($5 OR NOT shadow)
		ORDER BY decided_at DESC, decision_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1, f.StackID, f.Shadow)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Decision])
	if err != nil {
		return nil, "", fmt.Errorf("list decisions: %w", mapError(err))
	}
	found, next := cut(found, k, func(d aegis.Decision) cursor { return cursor{d.DecidedAt, d.DecisionID} })
	return found, next, nil
}
