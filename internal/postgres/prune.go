package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// prune removes what nobody asks for any more: spent credentials, answers of
// models and old requests, workers long gone, deliveries that ended 30 days ago, events and
// settled drift reports after 90 days, closed incidents and findings after a year, and the cloud's
// events, with the keys that tell whose they are, after 7 days.
func (db *DB) prune(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM requests WHERE expires_at < now() AND (status IS NOT NULL OR began_at < now() - $1::interval)`, answerLife)
	b.Queue(`DELETE FROM model_answers WHERE expires_at < now()`)
	b.Queue(`DELETE FROM login_codes WHERE expires_at < now()`)
	b.Queue(`DELETE FROM sessions WHERE expires_at < now()`)
	b.Queue(`DELETE FROM workers WHERE beat_at < now() - interval '1 hour'`)
	b.Queue(`DELETE FROM webhook_deliveries WHERE ended_at < now() - interval '30 days'`)
	b.Queue(`DELETE FROM events WHERE at < now() - interval '90 days'`)
	b.Queue(`DELETE FROM drift_reports WHERE state <> 'open' AND resolved_at < now() - interval '90 days'`)
	b.Queue(`DELETE FROM incidents WHERE state = 'closed' AND closed_at < now() - interval '1 year'`)
	b.Queue(`DELETE FROM findings WHERE said_at < now() - interval '1 year'`)
	b.Queue(`DELETE FROM cloud_events WHERE received_at < now() - interval '7 days'`)
	b.Queue(`DELETE FROM issued_keys WHERE expires_at < now() - interval '7 days'`)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("remove what has expired: %w", err)
	}
	return nil
}
