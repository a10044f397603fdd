package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/webhooks"
)

// planBatch is how many events are looked at in one transaction.
const planBatch = 500

// PlanDeliveries passes the next events that can become messages, and the
// enabled webhooks, to plan. What plan says is written with its jobs, the
// ordinals of the stacks and the place in the events, in one transaction, so
// that each event is planned once whatever dies. Processes take turns. more says
// that there may be more events.
func (db *DB) PlanDeliveries(
	ctx context.Context, plan func([]aegis.Event, []webhooks.Subscriber) []webhooks.Entry,
) (more bool, err error) {
	err = db.transact(ctx, func(tx pgx.Tx) error {
		var from, to int64
		if err := tx.QueryRow(ctx, `SELECT seq FROM webhook_cursor FOR UPDATE`).Scan(&from); err != nil {
			return err
		}
		var seen int
		err := tx.QueryRow(ctx, `
			SELECT coalesce(max(seq), 0), count(*) FROM (SELECT seq FROM events WHERE seq > $1 ORDER BY seq LIMIT $2) AS next`,
			from, planBatch).Scan(&to, &seen)
		if err != nil || seen == 0 {
			return err
		}
		more = seen == planBatch
		rows, _ := tx.Query(ctx, `
			SELECT seq, kind, id, goal_id, type, data, at FROM events
			WHERE seq > $1 AND seq <= $2 AND type = ANY ($3) ORDER BY seq`, from, to, webhooks.EventTypes())
		events, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Event])
		if err != nil {
			return err
		}
		// The lock keeps them from being deleted until their deliveries are there.
		rows, _ = tx.Query(ctx, `
			SELECT `+webhookColumns+`, w.after_seq FROM webhooks w WHERE state = 'enabled' ORDER BY webhook_id FOR KEY SHARE`)
		subscribers, err := pgx.CollectRows(rows, pgx.RowToStructByName[webhooks.Subscriber])
		if err != nil {
			return err
		}
		if err := writePlan(ctx, tx, plan(events, subscribers)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE webhook_cursor SET seq = $1`, to)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("plan deliveries to webhooks: %w", err)
	}
	return more, nil
}

// writePlan gives each entry its ordinal and queues its deliveries.
func writePlan(ctx context.Context, tx pgx.Tx, entries []webhooks.Entry) error {
	next, err := takeOrdinals(ctx, tx, entries)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, e := range entries {
		ordinal := next[e.StackID]
		next[e.StackID]++
		for _, t := range e.Targets {
			b.Queue(`
				INSERT INTO webhook_deliveries (delivery_id, webhook_id, event_seq, event_type, stack_id, ordinal, hold_until)
				VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval)`,
				t.DeliveryID, t.WebhookID, e.Seq, e.Type, e.StackID, ordinal, webhooks.Hold)
			enqueue(b, queueWebhooks, deliveryJob{DeliveryID: t.DeliveryID}, 0)
		}
	}
	return sendIn(ctx, tx, b)
}

// takeOrdinals takes as many ordinals of each stack as there are entries, and
// returns the first ones.
func takeOrdinals(ctx context.Context, tx pgx.Tx, entries []webhooks.Entry) (map[string]int64, error) {
	counts := map[string]int64{}
	var stacks []string
	for _, e := range entries {
		if counts[e.StackID] == 0 {
			stacks = append(stacks, e.StackID)
		}
		counts[e.StackID]++
	}
	taken := make([]int64, len(stacks))
	for i, s := range stacks {
		taken[i] = counts[s]
	}
	rows, _ := tx.Query(ctx, `
		INSERT INTO webhook_streams AS s (stack_id, ordinal)
		SELECT stack_id, taken FROM unnest($1::text[], $2::bigint[]) AS t (stack_id, taken)
		ON CONFLICT (stack_id) DO UPDATE SET ordinal = s.ordinal + excluded.ordinal
		RETURNING stack_id, ordinal`, stacks, taken)
	type stream struct {
		StackID string
		Ordinal int64
	}
	streams, err := pgx.CollectRows(rows, pgx.RowToStructByName[stream])
	next := map[string]int64{}
	for _, s := range streams {
		next[s.StackID] = s.Ordinal - counts[s.StackID] + 1
	}
	return next, err
}
