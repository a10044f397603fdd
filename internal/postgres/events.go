package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

const (
	// eventsLock serialises the tail of each transaction that appends events.
	eventsLock = 0x61656769730002
	// eventsChannel carries the newest seq and the goals that are concerned, or "*".
	eventsChannel = "aegis_events"
	// eventsLimit bounds one read.
	eventsLimit = 500
)

// appendEvents queues the insertion of events, which must be the last thing
// that a transaction does. A sequence alone gives out numbers in the order of
// insertion, so a reader that saw 8 could miss a 7 that commits later: the
// lock, held until the commit, makes both orders the same. It costs nothing
// more than the NOTIFY, whose commits Postgres serialises anyway; and as
// nothing else is locked after it, it can't be part of a deadlock.
func appendEvents(b *pgx.Batch, events ...aegis.Event) {
	if len(events) == 0 {
		return
	}
	columns := [5][]string{}
	for _, e := range events {
		for i, v := range []string{e.Kind, e.ID, e.GoalID, e.Type, orEmptyObject(e.Data)} {
			columns[i] = append(columns[i], v)
		}
	}
	b.Queue(`SELECT pg_advisory_xact_lock($1)`, eventsLock)
	b.Queue(`
		WITH appended AS (
			INSERT INTO events (kind, id, goal_id, type, data)
			SELECT kind, id, goal_id, type, data::json
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
				WITH ORDINALITY AS e (kind, id, goal_id, type, data, n)
			ORDER BY n
			RETURNING seq
		)
		SELECT pg_notify($6, max(seq) || ' ' || $7) FROM appended`,
		columns[0], columns[1], columns[2], columns[3], columns[4], eventsChannel, goalsOf(events))
}

// maxNotified is how many goals a notification names; one about more is for all.
const maxNotified = 20

// goalsOf are the goals that events are about, for a notification.
func goalsOf(events []aegis.Event) string {
	var ids []string
	for _, e := range events {
		if e.GoalID != "" && !slices.Contains(ids, e.GoalID) {
			ids = append(ids, e.GoalID)
		}
	}
	if len(ids) > maxNotified {
		return everybody
	}
	return strings.Join(ids, " ")
}

func orEmptyObject(data json.RawMessage) string {
	if len(data) == 0 {
		return "{}"
	}
	return string(data)
}

// eventData renders an event's data from values that always marshal.
func eventData(fields map[string]any) json.RawMessage {
	data, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("event data: %v", err))
	}
	return data
}

// Events lists what happened after seq, oldest first, at most limit (500 when
// 0 or more); goalID "" is everything.
func (db *DB) Events(ctx context.Context, goalID string, after int64, limit int) ([]aegis.Event, error) {
	if limit <= 0 || limit > eventsLimit {
		limit = eventsLimit
	}
	sql := `SELECT seq, kind, id, goal_id, type, data, at FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`
	args := []any{after, limit}
	if goalID != "" {
		sql = `
			SELECT seq, kind, id, goal_id, type, data, at FROM events
			WHERE seq > $1 AND goal_id = $3 AND goal_id <> '' ORDER BY seq LIMIT $2`
		args = append(args, goalID)
	}
	rows, _ := db.pool.Query(ctx, sql, args...)
	events, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Event])
	if err != nil {
		return nil, fmt.Errorf("list events after %d: %w", after, mapError(err))
	}
	return events, nil
}
