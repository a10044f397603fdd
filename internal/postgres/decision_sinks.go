package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
)

const (
	// sinkLock is the class of the advisory locks that let one process at a time
	// send to a sink.
	sinkLock = 0x61656c67 // "aelg"
	// deliverBatch is the most decisions that go out at once.
	deliverBatch = 200
	// ackTimeout bounds noting what was taken, even at the process's end.
	ackTimeout = 5 * time.Second
)

// logPlace is a place in the log. Its first part is a transaction's number, in
// decimal digits.
type logPlace struct{ xid, id string }

// DeliverDecisions passes the next decisions of a sink to send, in the order of
// the log, and notes that it took them unless it returns an error; at most 200
// and as many as maxBytes of inputs hold, but one at least. A decision is passed
// once or, when a process dies in between, more often; none is left out.
// sent is 0 when there is none, and while another process sends to the sink.
//
// Decisions are in order of their transactions' numbers, of which those are
// passed that no transaction under way could still go before: one that began
// earlier and commits later is never overtaken.
func (db *DB) DeliverDecisions(
	ctx context.Context, sink string, maxBytes int, send func(context.Context, []aegis.Decision) error,
) (sent int, err error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("deliver decisions: connect: %w", mapError(err))
	}
	defer conn.Release()
	var mine bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, hashtext($2))`, sinkLock, sink).Scan(&mine); err != nil {
		return 0, fmt.Errorf("deliver decisions: take the turn: %w", mapError(err))
	}
	if !mine {
		return 0, nil
	}
	defer unlockSink(ctx, conn, sink)
	from, err := db.sinkPlace(ctx, conn, sink)
	if err != nil {
		return 0, fmt.Errorf("deliver decisions: read the cursor: %w", mapError(err))
	}
	batch, to, err := db.loggedAfter(ctx, conn, from, maxBytes)
	if err != nil {
		return 0, fmt.Errorf("deliver decisions: read them: %w", mapError(err))
	}
	if len(batch) == 0 {
		return 0, nil
	}
	if err := send(ctx, batch); err != nil {
		return 0, err // which says what was attempted
	}
	if err := takenTo(ctx, conn, sink, from, to); err != nil {
		return 0, fmt.Errorf("deliver decisions: note what was taken: %w", mapError(err))
	}
	return len(batch), nil
}

// unlockSink gives the turn back even when ctx has ended; a connection that
// can't is closed, which gives it back too.
func unlockSink(ctx context.Context, conn *pgxpool.Conn, sink string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock($1, hashtext($2))`, sinkLock, sink); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}

// sinkPlace is how far the sink has come. In a database restored into another
// server, where numbers of transactions begin anew, what has a number that was
// not given yet gets one that was, and the stream begins anew.
func (db *DB) sinkPlace(ctx context.Context, conn *pgxpool.Conn, sink string) (logPlace, error) {
	tag, err := conn.Exec(ctx, `
		UPDATE decisions SET log_xid = pg_current_xact_id() WHERE log_xid >= pg_snapshot_xmax(pg_current_snapshot())`)
	if err != nil {
		return logPlace{}, err
	}
	if tag.RowsAffected() > 0 {
		db.logger.WarnContext(ctx, "decision log was restored into another server", "sink", sink, "decisions", tag.RowsAffected())
	}
	var p logPlace
	err = conn.QueryRow(ctx, `
		INSERT INTO decision_sinks AS s (sink) VALUES ($1)
		ON CONFLICT (sink) DO UPDATE SET
			seen_at = now(),
			log_xid = CASE WHEN s.log_xid >= pg_snapshot_xmax(pg_current_snapshot()) THEN '0' ELSE s.log_xid END,
			decision_id = CASE WHEN s.log_xid >= pg_snapshot_xmax(pg_current_snapshot()) THEN '' ELSE s.decision_id END
		RETURNING log_xid::text, decision_id`, sink).Scan(&p.xid, &p.id)
	return p, err
}

// loggedAfter reads what follows a place, and the place of the last of it.
func (db *DB) loggedAfter(ctx context.Context, conn *pgxpool.Conn, from logPlace, maxBytes int) (batch []aegis.Decision, to logPlace, err error) {
	rows, err := conn.Query(ctx, `
		SELECT log_xid::text, decision_id, change_set_id, stack_ids, bundle_revision, path, encoding, document, input_digest, result,
			allowed, outcome, masked, erased, metrics, latency_us, decided_at, shadow
		FROM (
			SELECT * FROM decisions
			WHERE (log_xid, decision_id) > ($1::text::xid8, $2) AND log_xid < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY log_xid, decision_id
			LIMIT $3
		) batch LEFT JOIN decision_inputs ON digest = input_digest
		ORDER BY batch.log_xid, batch.decision_id`, from.xid, from.id, deliverBatch)
	if err != nil {
		return nil, to, err
	}
	defer rows.Close()
	size := 0
	for rows.Next() {
		var d storedDecision
		var result json.RawMessage
		var xid string
		if err := rows.Scan(&xid, &d.DecisionID, &d.ChangeSetID, &d.StackIDs, &d.BundleRevision, &d.Path, &d.Encoding, &d.Document,
			&d.InputDigest, &result, &d.Allowed, &d.Outcome, &d.Masked, &d.Erased, &d.Metrics, &d.LatencyUS, &d.DecidedAt,
			&d.Shadow); err != nil {
			return nil, to, err
		}
		decision, err := d.with(result)
		if err != nil {
			// What can be read of it is sent: it must not hold up the others.
			db.logger.WarnContext(ctx, "decision is streamed in part", "decision_id", d.DecisionID, "error", err)
		}
		if size += len(decision.Input) + len(result); size > maxBytes && len(batch) > 0 {
			return batch, to, nil
		}
		batch, to = append(batch, decision), logPlace{xid, d.DecisionID}
	}
	return batch, to, rows.Err()
}

// takenTo moves the sink's cursor, even at the process's end.
func takenTo(ctx context.Context, conn *pgxpool.Conn, sink string, from, to logPlace) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	tag, err := conn.Exec(ctx, `
		UPDATE decision_sinks SET log_xid = $2::text::xid8, decision_id = $3, seen_at = now()
		WHERE sink = $1 AND log_xid = $4::text::xid8 AND decision_id = $5`, sink, to.xid, to.id, from.xid, from.id)
	if err == nil && tag.RowsAffected() == 0 {
		return fmt.Errorf("the cursor of %s was moved by somebody else: %w", sink, aegis.ErrConflict)
	}
	return err
}

// DecisionLag is the age of the oldest decision that a sink has yet to take; 0
// for none.
func (db *DB) DecisionLag(ctx context.Context, sink string) (time.Duration, error) {
	var lag time.Duration
	err := db.pool.QueryRow(ctx, `
		SELECT now() - decided_at
		FROM decision_sinks s, LATERAL (
			SELECT decided_at FROM decisions
			WHERE (decisions.log_xid, decisions.decision_id) > (s.log_xid, s.decision_id)
			ORDER BY decisions.log_xid, decisions.decision_id
			LIMIT 1
		) waiting
		WHERE sink = $1`, sink).Scan(&lag)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("read the lag of %s: %w", sink, mapError(err))
	}
	return max(lag, 0), nil
}
