package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/aegisworld/aegis"
)

// addDecision queues a decision's record, and its input.
func addDecision(b *pgx.Batch, d aegis.Decision) {
	at := orNow(d.DecidedAt)
	digest := addInput(b, d.Input, at)
	b.Queue(`
		INSERT INTO decisions (decision_id, change_set_id, stack_ids, bundle_revision, path, input_digest, result, allowed, outcome,
			rules, masked, erased, metrics, latency_us, decided_at, shadow)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		d.DecisionID, d.ChangeSetID, emptyNotNil(d.StackIDs), d.BundleRevision, d.Path, digest, d.Result, d.Allowed, outcome(d),
		ruleCodes(d.Result), d.Masked, d.Erased, d.Metrics, d.LatencyUS, at, d.Shadow)
}

// outcome is the decision's own, which masks don't change, or else its
// result's.
func outcome(d aegis.Decision) aegis.DecisionOutcome {
	if d.Outcome != "" {
		return d.Outcome
	}
	return d.Result.Outcome()
}

// ruleCodes are those of the rules that denied or warned, sorted.
func ruleCodes(r aegis.GateResult) []string {
	codes := []string{}
	for _, rule := range slices.Concat(r.Deny, r.Warn) {
		codes = append(codes, rule.Code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// storedDecision is a decision with its input as it is stored.
type storedDecision struct {
	aegis.Decision

	Encoding *string
	Document []byte
}

// read returns the decision with its input.
func (s storedDecision) read() (aegis.Decision, error) {
	input, err := storedInput(s.Encoding, s.Document)
	if err != nil {
		return s.Decision, fmt.Errorf("decision %s: %w", s.DecisionID, err)
	}
	s.Input = input
	return s.Decision, nil
}

// Decision reads a decision with its input, byte for byte; ErrNotFound when
// there is none.
func (db *DB) Decision(ctx context.Context, id string) (aegis.Decision, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, NULL::json AS input, input_digest, result, allowed, outcome,
			masked, erased, metrics, latency_us, decided_at, shadow, encoding, document
		FROM decisions LEFT JOIN decision_inputs ON digest = input_digest
		WHERE decision_id = $1`, id)
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[storedDecision])
	if err != nil {
		return aegis.Decision{}, fmt.Errorf("read decision %s: %w", id, mapError(err))
	}
	return d.read()
}

// Decisions lists the decisions that match, without their inputs, newest
// first, and returns the cursor of the next page.
func (db *DB) Decisions(ctx context.Context, f aegis.DecisionFilter, page aegis.Page) ([]aegis.Decision, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, NULL::json AS input, input_digest, result, allowed, outcome,
			masked, erased, metrics, latency_us, decided_at, shadow
		FROM decisions
		WHERE (decided_at, decision_id) < ($1, $2) AND decided_at <= $1
			AND ($4 = '' OR stack_ids @> ARRAY[$4]) AND ($5 OR NOT shadow)
			AND ($6 = '' OR rules @> ARRAY[$6]) AND ($7 = '' OR outcome = $7) AND ($8 = '' OR change_set_id = $8)
			AND ($9 = '' OR path = $9) AND ($10 = '' OR bundle_revision = $10)
			AND decided_at >= $11 AND decided_at < $12
		ORDER BY decided_at DESC, decision_id DESC
		LIMIT $3`, pgx.QueryExecModeCacheDescribe, // planned for the filters that are there
		k.at, k.id, k.limit+1, f.StackID, f.Shadow, f.Rule, f.Outcome, f.ChangeSetID, f.Path, f.BundleRevision,
		orInfinity(f.Since, pgtype.NegativeInfinity), orInfinity(f.Until, pgtype.Infinity))
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Decision])
	if err != nil {
		return nil, "", fmt.Errorf("list decisions: %w", mapError(err))
	}
	found, next := cut(found, k, func(d aegis.Decision) cursor { return cursor{d.DecidedAt, d.DecisionID} })
	return found, next, nil
}

// orInfinity is a bound of time; one that is zero bounds nothing.
func orInfinity(t time.Time, none pgtype.InfinityModifier) pgtype.Timestamptz {
	if t.IsZero() {
		return pgtype.Timestamptz{InfinityModifier: none, Valid: true}
	}
	return pgtype.Timestamptz{Time: t, Valid: true}
}
