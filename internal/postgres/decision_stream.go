package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/aegisworld/aegis"
)

// streamBatch is how many decisions one query of a stream reads.
const streamBatch = 200

// RecordedDecisions streams the gate's decisions since then with their inputs,
// newest first, without those of shadow bundles; changeSetIDs, when given,
// keeps to those about them. It reads
// in batches, row by row, so that memory does not grow with their number, and
// a decision made meanwhile never appears. An error that is
// aegis.ErrBadRecord is about one decision, whose ids it comes with; any other
// ends the stream.
func (db *DB) RecordedDecisions(ctx context.Context, since time.Time, changeSetIDs []string) iter.Seq2[aegis.Decision, error] {
	return func(yield func(aegis.Decision, error) bool) {
		last := cursor{}
		for more := true; more; {
			var err error
			if more, err = db.streamDecisions(ctx, &last, since, changeSetIDs, yield); err != nil {
				yield(aegis.Decision{}, fmt.Errorf("read recorded decisions: %w", mapError(err)))
			}
		}
	}
}

// streamDecisions passes one batch on, row by row as they arrive. more says
// that there may be another and that the consumer wants it.
func (db *DB) streamDecisions(
	ctx context.Context, last *cursor, since time.Time, changeSetIDs []string, yield func(aegis.Decision, error) bool,
) (more bool, err error) {
	before := pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	if last.id != "" {
		before = pgtype.Timestamptz{Time: last.at, Valid: true}
	}
	rows, err := db.pool.Query(ctx, `
		SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, encoding, document, input_digest, result, allowed, outcome,
			masked, erased, latency_us, decided_at
		FROM (
			SELECT * FROM decisions
			WHERE (decided_at, decision_id) < ($1, $2) AND decided_at <= $1 AND decided_at >= $3 AND path = 'aegis/gate' AND NOT shadow
				AND (cardinality($4::text[]) = 0 OR change_set_id = ANY ($4))
			ORDER BY decided_at DESC, decision_id DESC
			LIMIT $5
		) batch LEFT JOIN decision_inputs ON digest = input_digest
		ORDER BY decided_at DESC, decision_id DESC`, before, last.id, since, emptyNotNil(changeSetIDs), streamBatch)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	read := 0
	for rows.Next() {
		var d storedDecision
		var result json.RawMessage
		err := rows.Scan(&d.DecisionID, &d.ChangeSetID, &d.StackIDs, &d.BundleRevision, &d.Path, &d.Encoding, &d.Document,
			&d.InputDigest, &result, &d.Allowed, &d.Outcome, &d.Masked, &d.Erased, &d.LatencyUS, &d.DecidedAt)
		if err != nil {
			return false, err
		}
		read++
		last.at, last.id = d.DecidedAt, d.DecisionID
		if !yield(d.with(result)) {
			return false, nil
		}
	}
	return read == streamBatch, rows.Err()
}

// with decodes the decision's result and input.
func (s storedDecision) with(result json.RawMessage) (aegis.Decision, error) {
	if err := json.Unmarshal(result, &s.Result); err != nil {
		return s.Decision, fmt.Errorf("decode the result of decision %s: %w: %w", s.DecisionID, aegis.ErrBadRecord, err)
	}
	return s.read()
}
