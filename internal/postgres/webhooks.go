package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/webhooks"
)

// webhookColumns are those of aegis.Webhook, of a table w.
const webhookColumns = `w.webhook_id, w.description, w.url, w.format, w.event_types, w.stacks, w.state, w.disabled_reason, w.disabled_at,
	w.failures, w.failing_since, CASE WHEN w.paused_until > now() THEN w.paused_until END AS paused_until,
	CASE WHEN w.old_secret_until > now() THEN w.old_secret_until END AS old_secret_until, w.last_delivered_at, w.created_by, w.created_at`

// CreateWebhook stores a webhook, which is told of what happens from now on.
// The same id again, which is the same request after a crash, gets the new
// secret: nobody was shown the one before.
func (db *DB) CreateWebhook(ctx context.Context, e webhooks.Endpoint) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO webhooks (webhook_id, description, url, url_sealed, secret_sealed, format, event_types, stacks, created_by, created_at,
			after_seq)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce(max(seq), 0) FROM events
		ON CONFLICT (webhook_id) DO UPDATE SET url_sealed = excluded.url_sealed, secret_sealed = excluded.secret_sealed`,
		e.WebhookID, e.Description, e.URL, e.URLSealed, e.SecretSealed, e.Format, emptyNotNil(e.EventTypes), emptyNotNil(e.Stacks),
		e.CreatedBy, orNow(e.CreatedAt))
	if err != nil {
		return fmt.Errorf("create webhook %s: %w", e.WebhookID, mapError(err))
	}
	return nil
}

// Webhook returns ErrNotFound when there is none.
func (db *DB) Webhook(ctx context.Context, id string) (aegis.Webhook, error) {
	rows, _ := db.pool.Query(ctx, `SELECT `+webhookColumns+` FROM webhooks w WHERE webhook_id = $1`, id)
	w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Webhook])
	if err != nil {
		return w, fmt.Errorf("read webhook %s: %w", id, mapError(err))
	}
	return w, nil
}

// Webhooks lists webhooks, newest first, and returns the cursor of the next
// page.
func (db *DB) Webhooks(ctx context.Context, page aegis.Page) ([]aegis.Webhook, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT `+webhookColumns+` FROM webhooks w
		WHERE (created_at, webhook_id) < ($1, $2)
		ORDER BY created_at DESC, webhook_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Webhook])
	if err != nil {
		return nil, "", fmt.Errorf("list webhooks: %w", mapError(err))
	}
	found, next := cut(found, k, func(w aegis.Webhook) cursor { return cursor{w.CreatedAt, w.WebhookID} })
	return found, next, nil
}

// DeleteWebhook forgets a webhook and its deliveries; ErrNotFound.
func (db *DB) DeleteWebhook(ctx context.Context, id string) error {
	tag, err := db.pool.Exec(ctx, `DELETE FROM webhooks WHERE webhook_id = $1`, id)
	if err == nil && tag.RowsAffected() == 0 {
		err = aegis.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete webhook %s: %w", id, mapError(err))
	}
	return nil
}

// RotateWebhook makes a secret the one that signs; the one before signs too for
// as long as overlap. ErrNotFound.
func (db *DB) RotateWebhook(ctx context.Context, id string, secretSealed []byte, overlap time.Duration) (aegis.Webhook, error) {
	rows, _ := db.pool.Query(ctx, `
		UPDATE webhooks w SET
			secret_sealed = $2,
			old_secret_sealed = CASE WHEN $3::interval > '0' THEN secret_sealed END,
			old_secret_until = CASE WHEN $3::interval > '0' THEN now() + $3::interval END
		WHERE webhook_id = $1
		RETURNING `+webhookColumns, id, secretSealed, overlap)
	w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Webhook])
	if err != nil {
		return w, fmt.Errorf("rotate the secret of webhook %s: %w", id, mapError(err))
	}
	return w, nil
}

// EnableWebhook has a webhook told again of what happens from now on, and forgets
// its failures; ErrNotFound.
func (db *DB) EnableWebhook(ctx context.Context, id string) (aegis.Webhook, error) {
	rows, _ := db.pool.Query(ctx, `
		UPDATE webhooks w SET
			state = 'enabled', disabled_reason = '', disabled_at = NULL, failures = 0, failing_since = NULL, paused_until = NULL,
			after_seq = CASE WHEN state = 'enabled' THEN after_seq ELSE (SELECT coalesce(max(seq), 0) FROM events) END
		WHERE webhook_id = $1
		RETURNING `+webhookColumns, id)
	w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Webhook])
	if err != nil {
		return w, fmt.Errorf("enable webhook %s: %w", id, mapError(err))
	}
	return w, nil
}
