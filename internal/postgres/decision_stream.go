package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/aegisworld/aegis"
)

// streamBatch is how many decisions one query of a stream reads.
const streamBatch = 200

// RecordedDecisions streams the gate's decisions since then with their inputs,
// newest first; changeSetIDs, when given, keeps to those about them. It reads
// in batches, row by row, so that memory does not grow with their number, and
// a decision made meanwhile never appears. An error that is
// aegis.ErrBadRecord is about one decision, whose ids it comes with; any other
// ends the stream.
func (db *DB) RecordedDecisions(ctx context.Context, since time.Time, changeSetIDs []string) iter.Seq2[aegis.Decision, error] {
	return func(yield func(aegis.Decision, error) bool) {
		last := cursor{}
		for {
			read, more := 0, true
			rows, err := db.decisionsBefore(ctx, last, since, changeSetIDs)
			if err == nil {
				read, more, err = yieldDecisions(rows, &last, yield)
			}
			if err != nil {
				yield(aegis.Decision{}, fmt.Errorf("read recorded decisions: %w", mapError(err)))
				return
			}
			if !more || read < streamBatch {
				return
			}
		}
	}
}

func (db *DB) decisionsBefore(ctx context.Context, last cursor, since time.Time, changeSetIDs []string) (pgx.Rows, error) {
	before := pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	if last.id != "" {
		before = pgtype.Timestamptz{Time: last.at, Valid: true}
	}
	return db.pool.Query(ctx, `
		SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, input, input_digest, result, allowed, latency_us, decided_at
		FROM decisions
		WHERE (decided_at, decision_id) < ($1, $2) AND decided_at >= $3 AND path = 'aegis/gate'
			AND (cardinality($4::text[]) = 0 OR change_set_id = ANY ($4))
		ORDER BY decided_at DESC, decision_id DESC
		LIMIT $5`, before, last.id, since, emptyNotNil(changeSetIDs), streamBatch)
}

// yieldDecisions passes rows on as they arrive. more is false when the
// consumer wants no more.
func yieldDecisions(rows pgx.Rows, last *cursor, yield func(aegis.Decision, error) bool) (read int, more bool, err error) {
	defer rows.Close()
	for rows.Next() {
		var d aegis.Decision
		var result json.RawMessage
		err := rows.Scan(&d.DecisionID, &d.ChangeSetID, &d.StackIDs, &d.BundleRevision, &d.Path, &d.Input, &d.InputDigest,
			&result, &d.Allowed, &d.LatencyUS, &d.DecidedAt)
		if err != nil {
			return read, false, err
		}
		read++
		last.at, last.id = d.DecidedAt, d.DecisionID
		var bad error
		if err := json.Unmarshal(result, &d.Result); err != nil {
			bad = fmt.Errorf("decode the result of decision %s: %w: %w", d.DecisionID, aegis.ErrBadRecord, err)
		}
		if !yield(d, bad) {
			return read, false, nil
		}
	}
	return read, true, rows.Err()
}
