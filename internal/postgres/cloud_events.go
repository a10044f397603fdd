package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

const (
	// eventsAtOnce bounds one transaction of SaveCloudEvents.
	eventsAtOnce = 500
	// causesLimit bounds the events that are looked through for a cause.
	causesLimit = 500
)

// SaveCloudEvents keeps the events that are new, says which stacks each is
// about and asks for a look at those, all or nothing for each 500. Events made
// with an issued key are kept as the autopilot's own and ask for nothing. It
// returns how many were new, also with an error.
func (db *DB) SaveCloudEvents(ctx context.Context, events []aegis.CloudEvent) (accepted int, err error) {
	for part := range slices.Chunk(events, eventsAtOnce) {
		n := 0
		err := db.transact(ctx, func(tx pgx.Tx) error {
			fresh, err := insertCloudEvents(ctx, tx, part)
			if err != nil || len(fresh) == 0 {
				return err
			}
			n = len(fresh)
			return linkEvents(ctx, tx, fresh)
		})
		if err != nil {
			return accepted, fmt.Errorf("save events: %w", err)
		}
		accepted += n
	}
	return accepted, nil
}

// insertCloudEvents returns the events that were not there.
func insertCloudEvents(ctx context.Context, tx pgx.Tx, events []aegis.CloudEvent) ([]aegis.CloudEvent, error) {
	byID := make(map[string]aegis.CloudEvent, len(events))
	for _, e := range events {
		if e.Refs == nil {
			e.Refs = []aegis.ResourceRef{}
		}
		byID[e.EventID] = e
	}
	text, err := json.Marshal(slices.SortedFunc(maps.Values(byID), func(a, b aegis.CloudEvent) int {
		return cmp.Compare(a.EventID, b.EventID) // one order for all, so that none wait for each other
	}))
	if err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, `
		INSERT INTO cloud_events (event_id, source, name, region, account_id, at, actor, refs, keys, own, change_set_id)
		SELECT e ->> 'event_id', e ->> 'source', e ->> 'name', e ->> 'region', e ->> 'account_id', (e ->> 'at')::timestamptz,
			e -> 'actor', e -> 'refs',
			ARRAY(
				SELECT DISTINCT key FROM json_array_elements(e -> 'refs') r, LATERAL (VALUES (r ->> 'key'), (r ->> 'parent')) k (key)
				WHERE key IS NOT NULL
			),
			k.access_key_id IS NOT NULL, coalesce(k.change_set_id, '')
		FROM json_array_elements($1::json) WITH ORDINALITY AS list (e, n)
		LEFT JOIN issued_keys k ON k.access_key_id = e -> 'actor' ->> 'access_key_id'
		ORDER BY n
		ON CONFLICT (event_id) DO NOTHING
		RETURNING event_id, own`, string(text))
	type inserted struct {
		EventID string
		Own     bool
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[inserted])
	if err != nil {
		return nil, err
	}
	fresh := make([]aegis.CloudEvent, len(found))
	for i, f := range found {
		fresh[i] = byID[f.EventID]
		fresh[i].Own = f.Own
	}
	return fresh, nil
}

// linkEvents notes which stacks the events of others are about, and asks for a
// look at them.
func linkEvents(ctx context.Context, tx pgx.Tx, events []aegis.CloudEvent) error {
	events = slices.DeleteFunc(slices.Clone(events), func(e aegis.CloudEvent) bool { return e.Own })
	if err := enqueueStocks(ctx, tx, stocked(events)); err != nil {
		return err
	}
	var keys []string
	for _, e := range events {
		keys = append(keys, e.Keys()...)
	}
	slices.Sort(keys)
	resources, err := resourcesByKey(ctx, tx, slices.Compact(keys))
	if err != nil || len(resources) == 0 {
		return err
	}
	links := matches(events, resources)
	b := &pgx.Batch{}
	var stackIDs []string
	for _, l := range links {
		stackIDs = append(stackIDs, l.stackID)
		b.Queue(`INSERT INTO cloud_event_stacks (stack_id, event_id, addresses) VALUES ($1, $2, $3)`, l.stackID, l.eventID, l.addresses)
	}
	if err := sendIn(ctx, tx, b); err != nil {
		return err
	}
	slices.Sort(stackIDs)
	return enqueueObserve(ctx, tx, slices.Compact(stackIDs))
}

type eventLink struct {
	stackID, eventID string
	addresses        []string
}

// matches pairs events with the resources that they are about.
func matches(events []aegis.CloudEvent, resources []aegis.IndexedResource) []eventLink {
	byKey := map[string][]int{}
	for i, r := range resources {
		for _, key := range r.Keys() {
			byKey[key] = append(byKey[key], i)
		}
	}
	var links []eventLink
	for _, e := range events {
		found := map[string][]string{}
		for _, key := range e.Keys() {
			for _, i := range byKey[key] {
				if r := resources[i]; e.Means(r) && !slices.Contains(found[r.StackID], r.Address) {
					found[r.StackID] = append(found[r.StackID], r.Address)
				}
			}
		}
		for stackID, addresses := range found {
			slices.Sort(addresses)
			links = append(links, eventLink{stackID: stackID, eventID: e.EventID, addresses: addresses})
		}
	}
	return links
}

func enqueueObserve(ctx context.Context, tx pgx.Tx, stackIDs []string) error {
	return enqueueLooks(ctx, tx, "stack_id", stackIDs, func(id string) jobArgs { return observeJob{StackID: id} })
}

// enqueueLooks queues a job for each of the values of the argument for which
// none waits. A job that waits is locked until the commit, so that it can't
// start before it would see what this transaction wrote.
func enqueueLooks(ctx context.Context, tx pgx.Tx, arg string, values []string, job func(value string) jobArgs) error {
	if len(values) == 0 {
		return nil
	}
	rows, _ := tx.Query(ctx, `
		SELECT args ->> $1 FROM river_job
		WHERE kind = $2 AND queue = $3 AND state IN ('available', 'scheduled', 'retryable') AND args ->> $1 = ANY($4)
		ORDER BY id FOR UPDATE`, arg, job("").Kind(), queueObserve, values)
	wait, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, value := range values {
		if !slices.Contains(wait, value) {
			enqueue(b, queueObserve, job(value), 0)
		}
	}
	return sendIn(ctx, tx, b)
}

// PendingEvents lists the events about a stack that it was not looked at for
// yet.
func (db *DB) PendingEvents(ctx context.Context, stackID string) ([]aegis.PendingEvent, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT event_id, addresses, received_at
		FROM cloud_event_stacks JOIN cloud_events USING (event_id)
		WHERE stack_id = $1 AND seen_at IS NULL
		ORDER BY received_at, event_id`, stackID)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.PendingEvent])
	if err != nil {
		return nil, fmt.Errorf("list pending events of stack %s: %w", stackID, mapError(err))
	}
	return found, nil
}

// SeeEvents notes that a stack was looked at after the events.
func (db *DB) SeeEvents(ctx context.Context, stackID string, eventIDs []string) error {
	_, err := db.pool.Exec(ctx, `
		UPDATE cloud_event_stacks SET seen_at = now()
		WHERE stack_id = $1 AND event_id = ANY($2) AND seen_at IS NULL`, stackID, eventIDs)
	if err != nil {
		return fmt.Errorf("note that events of stack %s were seen: %w", stackID, mapError(err))
	}
	return nil
}

// CloudEvents lists events that name any of the keys and happened between the
// times, newest first, at most 500. Those that explained drift of the stack
// which is over are left out.
func (db *DB) CloudEvents(ctx context.Context, stackID string, keys []string, since, until time.Time) ([]aegis.CloudEvent, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT event_id, source, name, region, account_id, at, actor, refs, own, change_set_id
		FROM cloud_events e
		WHERE keys && $1 AND at BETWEEN $2 AND $3 AND NOT EXISTS (
			SELECT 1 FROM drift_reports d
			WHERE d.stack_id = $5 AND d.state NOT IN ('open', 'reported') AND d.report -> 'cause' ->> 'event_id' = e.event_id
		)
		ORDER BY at DESC, event_id DESC LIMIT $4`, emptyNotNil(keys), since, until, causesLimit, stackID)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.CloudEvent])
	if err != nil {
		return nil, fmt.Errorf("list events: %w", mapError(err))
	}
	return found, nil
}
