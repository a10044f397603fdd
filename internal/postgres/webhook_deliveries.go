package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/webhooks"
)

// deliveryColumns are those of aegis.WebhookDelivery, of a table d.
const deliveryColumns = `d.delivery_id, d.webhook_id, d.event_seq, d.event_type, d.stack_id, d.ordinal AS sequence, d.state, d.attempts,
	d.error, CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at, d.created_at, d.ended_at,
	coalesce((
		SELECT json_agg(json_build_object('attempt', a.attempt, 'at', a.at, 'status', a.status, 'latency_ms', a.latency_ms,
			'response', a.response, 'error', a.error) ORDER BY a.attempt)
		FROM webhook_attempts a WHERE a.delivery_id = d.delivery_id
	), '[]') AS log`

// WebhookDeliveries lists a webhook's deliveries, those in a state if one is
// given, newest first, and returns the cursor of the next page. ErrNotFound:
// there is no such webhook.
func (db *DB) WebhookDeliveries(
	ctx context.Context, webhookID string, state aegis.DeliveryState, page aegis.Page,
) ([]aegis.WebhookDelivery, string, error) {
	if _, err := db.Webhook(ctx, webhookID); err != nil {
		return nil, "", err
	}
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT `+deliveryColumns+` FROM webhook_deliveries d
		WHERE webhook_id = $4 AND (created_at, delivery_id) < ($1, $2) AND ($5 = '' OR state = $5)
		ORDER BY created_at DESC, delivery_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1, webhookID, state)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.WebhookDelivery])
	if err != nil {
		return nil, "", fmt.Errorf("list deliveries of webhook %s: %w", webhookID, mapError(err))
	}
	found, next := cut(found, k, func(d aegis.WebhookDelivery) cursor { return cursor{d.CreatedAt, d.DeliveryID} })
	return found, next, nil
}

// WebhookDelivery returns ErrNotFound when the webhook has no such delivery.
func (db *DB) WebhookDelivery(ctx context.Context, webhookID, id string) (aegis.WebhookDelivery, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT `+deliveryColumns+` FROM webhook_deliveries d WHERE webhook_id = $1 AND delivery_id = $2`, webhookID, id)
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.WebhookDelivery])
	if err != nil {
		return d, fmt.Errorf("read delivery %s: %w", id, mapError(err))
	}
	return d, nil
}

// Redeliver queues a delivery anew, whatever became of it: it waits for nothing,
// and is tried for as long as a new one. ErrNotFound.
func (db *DB) Redeliver(ctx context.Context, webhookID, id string) (aegis.WebhookDelivery, error) {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		if _, err := lockWebhookOf(ctx, tx, id); err != nil {
			return err
		}
		b := &pgx.Batch{}
		mustTouch(b.Queue(`
			UPDATE webhook_deliveries SET
				state = 'pending', manual = true, tries = 0, queued_at = now(), hold_until = now(), next_attempt_at = now(), ended_at = NULL
			WHERE webhook_id = $1 AND delivery_id = $2`, webhookID, id), aegis.ErrNotFound, "find it")
		enqueue(b, queueWebhooks, deliveryJob{DeliveryID: id}, 0)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return aegis.WebhookDelivery{}, fmt.Errorf("redeliver %s: %w", id, err)
	}
	return db.WebhookDelivery(ctx, webhookID, id)
}

// TestWebhook queues a delivery of an event "webhook.test", which goes to this
// webhook alone, once, and also when it is disabled. ErrNotFound.
func (db *DB) TestWebhook(ctx context.Context, webhookID, deliveryID, by string) (aegis.WebhookDelivery, error) {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		var found bool
		if err := tx.QueryRow(ctx, `SELECT true FROM webhooks WHERE webhook_id = $1 FOR KEY SHARE`, webhookID).Scan(&found); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM webhook_deliveries WHERE delivery_id = $1)`, deliveryID).Scan(&found); err != nil || found {
			return err // it is there: the same request, after a crash
		}
		b := &pgx.Batch{}
		enqueue(b, queueWebhooks, deliveryJob{DeliveryID: deliveryID}, 0)
		appendEvents(b, aegis.Event{
			Kind: "webhook", ID: webhookID, Type: "webhook.test", Data: eventData(map[string]any{"webhook_id": webhookID, "by": by}),
		})
		// Its locks are held already, so that nothing waits after the events' lock.
		b.Queue(`
			INSERT INTO webhook_deliveries (delivery_id, webhook_id, event_seq, event_type, stack_id, ordinal, manual, hold_until)
			VALUES ($1, $2, currval(pg_get_serial_sequence('events', 'seq')), $3, '', 0, true, now())`,
			deliveryID, webhookID, webhooks.TypeWebhookTest)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return aegis.WebhookDelivery{}, fmt.Errorf("test webhook %s: %w", webhookID, err)
	}
	return db.WebhookDelivery(ctx, webhookID, deliveryID)
}

// healDeliveries queues deliveries that are long due anew. Nothing should lose
// their jobs; a second one does no harm.
func (db *DB) healDeliveries(ctx context.Context) error {
	rows, _ := db.pool.Query(ctx, `
		SELECT d.delivery_id FROM webhook_deliveries d JOIN webhooks w USING (webhook_id)
		WHERE d.state = 'pending' AND (w.state = 'enabled' OR d.manual)
			AND greatest(d.next_attempt_at, d.attempting_until, w.paused_until, (`+held+`)) < now() - interval '2 minutes'
			AND NOT EXISTS (
				SELECT 1 FROM river_job
				WHERE kind = 'webhook_delivery' AND args @> jsonb_build_object('delivery_id', d.delivery_id) AND finalized_at IS NULL)
		ORDER BY d.event_seq LIMIT 200`)
	lost, err := pgx.CollectRows(rows, pgx.RowTo[string])
	b := &pgx.Batch{}
	for _, id := range lost {
		enqueue(b, queueWebhooks, deliveryJob{DeliveryID: id}, 0)
	}
	if err == nil && b.Len() > 0 {
		err = db.send(ctx, b)
	}
	if err != nil {
		return fmt.Errorf("find deliveries without a job: %w", mapError(err))
	}
	return nil
}
