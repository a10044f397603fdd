package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
)

// eventSinkLock is the class of the advisory locks that let one process at a
// time send to a sink of events.
const eventSinkLock = 0x61656576 // "aeev"

// DeliverEvents passes the next events of a sink, at most limit, oldest first, to
// send, and notes that it took them unless it returns an error. A sink that is
// new begins with the oldest event that there is. An event is passed once or,
// when a process dies in between, more often; none is left out. sent is 0 when
// there is none, and while another process sends to the sink.
func (db *DB) DeliverEvents(
	ctx context.Context, sink string, limit int, send func(context.Context, []aegis.Event) error,
) (sent int, err error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("deliver events: connect: %w", mapError(err))
	}
	defer conn.Release()
	var mine bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, hashtext($2))`, eventSinkLock, sink).Scan(&mine); err != nil {
		return 0, fmt.Errorf("deliver events: take the turn: %w", mapError(err))
	}
	if !mine {
		return 0, nil
	}
	defer unlockEventSink(ctx, conn, sink)
	var from int64
	err = conn.QueryRow(ctx, `
		INSERT INTO event_sinks AS s (sink, seq) VALUES ($1, 0)
		ON CONFLICT (sink) DO UPDATE SET seen_at = now() RETURNING seq`, sink).Scan(&from)
	if err != nil {
		return 0, fmt.Errorf("deliver events: read the cursor: %w", mapError(err))
	}
	events, err := db.Events(ctx, "", from, limit)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	if err := send(ctx, events); err != nil {
		return 0, err // which says what was attempted
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	to := events[len(events)-1].Seq
	if _, err := conn.Exec(ctx, `UPDATE event_sinks SET seq = $2, seen_at = now() WHERE sink = $1 AND seq < $2`, sink, to); err != nil {
		return 0, fmt.Errorf("deliver events: note what was taken: %w", mapError(err))
	}
	return len(events), nil
}

// unlockEventSink gives the turn back even when ctx has ended; a connection that
// can't is closed, which gives it back too.
func unlockEventSink(ctx context.Context, conn *pgxpool.Conn, sink string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock($1, hashtext($2))`, eventSinkLock, sink); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}
