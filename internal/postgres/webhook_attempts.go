package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/webhooks"
)

const (
	// attemptsKept is how many attempts of a delivery are kept.
	attemptsKept = 50
	// crowded is when a delivery looks again whose webhook has as many under way
	// as it may; the end of one of those calls it earlier.
	crowded = 30 * time.Second
)

// held is whether an earlier delivery holds up d, and until when.
const held = `
	SELECT max(e.hold_until) FROM webhook_deliveries e
	WHERE e.webhook_id = d.webhook_id AND e.stack_id = d.stack_id AND e.ordinal < d.ordinal AND e.state = 'pending'
		AND e.hold_until > clock_timestamp() AND NOT d.manual`

// lockWebhookOf locks the webhook of a delivery. Whoever claims or ends one holds
// it, so that of two deliveries one sees what became of the other; planning goes
// on beside it. "" is that the delivery is gone.
func lockWebhookOf(ctx context.Context, tx pgx.Tx, deliveryID string) (webhookID string, err error) {
	err = tx.QueryRow(ctx, `
		SELECT w.webhook_id FROM webhooks w JOIN webhook_deliveries d USING (webhook_id)
		WHERE d.delivery_id = $1 FOR NO KEY UPDATE OF w`, deliveryID).Scan(&webhookID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return webhookID, err
}

// ClaimDelivery takes a delivery that is due, for as long as the terms say.
// Without a claim, later is when to come back: it is under way, or must wait for
// an earlier one of its stack or for its webhook. 0 is that there is nothing to
// do.
func (db *DB) ClaimDelivery(ctx context.Context, id string, terms webhooks.Terms) (claim *webhooks.Claim, later time.Duration, err error) {
	err = db.transact(ctx, func(tx pgx.Tx) error {
		webhookID, err := lockWebhookOf(ctx, tx, id)
		if err != nil || webhookID == "" {
			return err
		}
		var due bool
		if due, later, err = whenDue(ctx, tx, id, terms); err != nil || !due {
			return err
		}
		claim, err = takeDelivery(ctx, tx, id, terms.Lease)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claim delivery %s: %w", id, err)
	}
	return claim, later, nil
}

func whenDue(ctx context.Context, tx pgx.Tx, id string, terms webhooks.Terms) (due bool, later time.Duration, err error) {
	var verdict string
	err = tx.QueryRow(ctx, `
		SELECT verdict, greatest(coalesce(wait, '0'), '0') FROM (
			SELECT CASE
				WHEN d.state <> 'pending' OR w.state = 'disabled' AND NOT d.manual THEN 'over'
				WHEN d.attempting_until > t.now THEN 'wait'
				WHEN d.next_attempt_at > t.now + interval '30 s' THEN 'over' -- another job is for then
				WHEN d.next_attempt_at > t.now THEN 'wait'
				WHEN NOT d.manual AND (w.paused_until > t.now OR held.until IS NOT NULL) THEN 'wait'
				WHEN busy.count >= CASE WHEN w.failures < $3 THEN $2 ELSE 1 END THEN 'crowded'
				ELSE 'due'
			END AS verdict,
			CASE
				WHEN d.attempting_until > t.now THEN d.attempting_until
				WHEN d.next_attempt_at > t.now THEN d.next_attempt_at
				ELSE greatest(w.paused_until, held.until)
			END - t.now AS wait
			FROM webhook_deliveries d JOIN webhooks w USING (webhook_id),
				LATERAL (SELECT clock_timestamp() AS now) t,
				LATERAL (`+held+`) held (until),
				LATERAL (
					SELECT count(*) FROM webhook_deliveries b
					WHERE b.webhook_id = d.webhook_id AND b.state = 'pending' AND b.attempting_until > t.now
				) busy
			WHERE d.delivery_id = $1
		) AS judged`, id, terms.MaxInFlight, terms.Doubtful).Scan(&verdict, &later)
	if err != nil {
		return false, 0, err
	}
	switch verdict {
	case "due":
		return true, 0, nil
	case "wait":
		return false, max(later, time.Millisecond), nil
	case "crowded":
		return false, crowded, nil
	default:
		return false, 0, nil
	}
}

// claimRow is a claim as one row.
type claimRow struct {
	webhooks.Endpoint

	DeliveryID string
	EventSeq   int64
	EventType  string
	StackID    string
	Sequence   int64
	Attempts   int
	Tries      int
	Queued     time.Duration
	Failing    time.Duration
	Kind       string
	ID         string
	Data       json.RawMessage
	At         time.Time
}

func takeDelivery(ctx context.Context, tx pgx.Tx, id string, lease time.Duration) (*webhooks.Claim, error) {
	rows, _ := tx.Query(ctx, `
		UPDATE webhook_deliveries d SET attempting_until = clock_timestamp() + $2::interval
		FROM webhooks w, events e
		WHERE d.delivery_id = $1 AND w.webhook_id = d.webhook_id AND e.seq = d.event_seq
		RETURNING `+webhookColumns+`, w.url_sealed, w.secret_sealed,
			CASE WHEN w.old_secret_until > now() THEN w.old_secret_sealed END AS old_secret_sealed,
			d.delivery_id, d.event_seq, d.event_type, d.stack_id, d.ordinal AS sequence, d.attempts, d.tries, now() - d.queued_at AS queued,
			coalesce(now() - w.failing_since, '0') AS failing, e.kind, e.id, e.data, e.at`, id, lease)
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[claimRow])
	if err != nil {
		return nil, err
	}
	return &webhooks.Claim{
		Endpoint: r.Endpoint, Tries: r.Tries, Queued: r.Queued, Failing: r.Failing,
		Delivery: aegis.WebhookDelivery{
			DeliveryID: r.DeliveryID, WebhookID: r.WebhookID, EventSeq: r.EventSeq, EventType: r.EventType, StackID: r.StackID,
			Sequence: r.Sequence, State: aegis.DeliveryPending, Attempts: r.Attempts,
		},
		Event: aegis.Event{Seq: r.EventSeq, Kind: r.Kind, ID: r.ID, Type: r.EventType, Data: r.Data, At: r.At},
	}, nil
}

// FinishDelivery records an attempt and what it came to, with the jobs that
// follow: its own next one, and those of deliveries that it held up.
func (db *DB) FinishDelivery(ctx context.Context, o webhooks.Outcome, terms webhooks.Terms) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		webhookID, err := lockWebhookOf(ctx, tx, o.DeliveryID)
		if err != nil || webhookID == "" {
			return err
		}
		b := &pgx.Batch{}
		recordAttempt(b, o)
		noteHealth(b, webhookID, o)
		if o.State == aegis.DeliveryPending {
			enqueue(b, queueWebhooks, deliveryJob{DeliveryID: o.DeliveryID}, o.RetryIn)
		}
		if err := sendIn(ctx, tx, b); err != nil {
			return err
		}
		if o.Disable != "" {
			return disableWebhook(ctx, tx, webhookID, o.Disable)
		}
		return callNext(ctx, tx, webhookID, terms)
	})
	if err != nil {
		return fmt.Errorf("record an attempt of delivery %s: %w", o.DeliveryID, err)
	}
	return nil
}

// recordAttempt keeps the state of a delivery that ended meanwhile, unless it was
// delivered after all.
func recordAttempt(b *pgx.Batch, o webhooks.Outcome) {
	b.Queue(`
		WITH done AS (
			UPDATE webhook_deliveries SET
				attempts = attempts + 1, tries = tries + 1, attempting_until = NULL,
				state = CASE WHEN state = 'pending' OR $2 = 'delivered' THEN $2 ELSE state END,
				error = $3,
				next_attempt_at = now() + $4::interval,
				ended_at = CASE WHEN $2 <> 'pending' THEN now() ELSE ended_at END
			WHERE delivery_id = $1
			RETURNING attempts
		), logged AS (
			INSERT INTO webhook_attempts (delivery_id, attempt, at, status, latency_ms, response, error)
			SELECT $1, attempts, $5, $6, $7, $8, $3 FROM done
		)
		DELETE FROM webhook_attempts USING done WHERE delivery_id = $1 AND attempt <= done.attempts - $9`,
		o.DeliveryID, o.State, o.Attempt.Error, o.RetryIn, o.Attempt.At, o.Attempt.Status, o.Attempt.LatencyMS, o.Attempt.Response,
		attemptsKept)
}

// noteHealth keeps how the webhook fares.
func noteHealth(b *pgx.Batch, webhookID string, o webhooks.Outcome) {
	if o.State == aegis.DeliveryDelivered {
		b.Queue(`
			UPDATE webhooks SET failures = 0, failing_since = NULL, paused_until = NULL, last_delivered_at = now()
			WHERE webhook_id = $1`, webhookID)
		return
	}
	b.Queue(`
		UPDATE webhooks SET
			failures = failures + 1, failing_since = coalesce(failing_since, now()),
			paused_until = CASE WHEN $2::interval > '0' THEN greatest(paused_until, now() + $2::interval) ELSE paused_until END
		WHERE webhook_id = $1`, webhookID, o.PauseFor)
}

// disableWebhook also cancels what is pending, and says so in an event
// "webhook.disabled".
func disableWebhook(ctx context.Context, tx pgx.Tx, webhookID, reason string) error {
	var url, description string
	err := tx.QueryRow(ctx, `
		UPDATE webhooks SET state = 'disabled', disabled_reason = $2, disabled_at = now()
		WHERE webhook_id = $1 AND state = 'enabled'
		RETURNING url, description`, webhookID, reason).Scan(&url, &description)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // another attempt did
	}
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`
		UPDATE webhook_deliveries SET state = 'cancelled', ended_at = now(), error = 'the webhook was disabled: ' || $2
		WHERE webhook_id = $1 AND state = 'pending'`, webhookID, reason)
	appendEvents(b, aegis.Event{
		Kind: "webhook", ID: webhookID, Type: "webhook.disabled",
		Data: eventData(map[string]any{"webhook_id": webhookID, "url": url, "description": description, "reason": reason}),
	})
	return sendIn(ctx, tx, b)
}

// callNext queues jobs of deliveries that may go now: what they waited for may
// just have ended.
func callNext(ctx context.Context, tx pgx.Tx, webhookID string, terms webhooks.Terms) error {
	rows, _ := tx.Query(ctx, `
		SELECT d.delivery_id FROM webhook_deliveries d JOIN webhooks w USING (webhook_id)
		WHERE d.webhook_id = $1 AND d.state = 'pending' AND d.next_attempt_at <= clock_timestamp()
			AND coalesce(d.attempting_until <= clock_timestamp(), true) AND coalesce(w.paused_until <= clock_timestamp(), true)
			AND (`+held+`) IS NULL
		ORDER BY d.event_seq, d.delivery_id
		LIMIT greatest($2 - (
			SELECT count(*) FROM webhook_deliveries b
			WHERE b.webhook_id = $1 AND b.state = 'pending' AND b.attempting_until > clock_timestamp()
		), 0)`, webhookID, terms.MaxInFlight)
	next, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, id := range next {
		enqueue(b, queueWebhooks, deliveryJob{DeliveryID: id}, 0)
	}
	return sendIn(ctx, tx, b)
}
