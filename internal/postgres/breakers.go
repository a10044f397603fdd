package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// breakersListed bounds the list.
const breakersListed = 500

// openBreaker queues the opening of a breaker; one that is open for the same
// scope and key stays as it is, unless it has expired.
func openBreaker(b *pgx.Batch, breaker aegis.Breaker) {
	b.Queue(`
		UPDATE breakers SET open = false, closed_at = expires_at
		WHERE scope = $1 AND key = $2 AND open AND expires_at <= now()`, breaker.Scope, breaker.Key)
	b.Queue(`
		INSERT INTO breakers (breaker_id, scope, key, open, reason, opened_by, opened_at, expires_at)
		VALUES ($1, $2, $3, true, $4, $5, $6, $7)
		ON CONFLICT (scope, key) WHERE open DO NOTHING`,
		breaker.BreakerID, breaker.Scope, breaker.Key, breaker.Reason, breaker.OpenedBy, orNow(breaker.OpenedAt), breaker.ExpiresAt)
}

// OpenBreaker opens a breaker, with an event "breaker.opened", and returns it,
// or the one that is open for the same scope and key.
func (db *DB) OpenBreaker(ctx context.Context, breaker aegis.Breaker) (aegis.Breaker, error) {
	var open aegis.Breaker
	err := db.transact(ctx, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		openBreaker(b, breaker)
		if err := sendIn(ctx, tx, b); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `
			SELECT breaker_id, scope, key, open, reason, opened_by, opened_at, closed_at, expires_at
			FROM breakers WHERE scope = $1 AND key = $2 AND open`, breaker.Scope, breaker.Key)
		var err error
		if open, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Breaker]); err != nil {
			return err
		}
		if open.BreakerID != breaker.BreakerID {
			return nil
		}
		events := &pgx.Batch{}
		appendEvents(events, breakerEvent("breaker.opened", open))
		return sendIn(ctx, tx, events)
	})
	if err != nil {
		return aegis.Breaker{}, fmt.Errorf("open breaker of %s %s: %w", breaker.Scope, breaker.Key, err)
	}
	return open, nil
}

// breakerEvent has breaker_id, scope, key and reason as its data, and the stack_id
// that it is about, if any.
func breakerEvent(kind string, b aegis.Breaker) aegis.Event {
	data := map[string]any{"breaker_id": b.BreakerID, "scope": b.Scope, "key": b.Key, "reason": b.Reason}
	switch b.Scope { //nolint:exhaustive // the others are about no stack
	case aegis.BreakerStack:
		data["stack_id"] = b.Key
	case aegis.BreakerAttribute:
		data["stack_id"], _, _ = strings.Cut(b.Key, " ")
	}
	return aegis.Event{Kind: "breaker", ID: b.BreakerID, Type: kind, Data: eventData(data)}
}

// CloseBreaker closes a breaker, with an event "breaker.closed"; a closed one
// stays as it is. ErrNotFound.
func (db *DB) CloseBreaker(ctx context.Context, id, by string) (aegis.Breaker, error) {
	var closed aegis.Breaker
	err := db.transact(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE breakers SET open = false, closed_by = $2, closed_at = now() WHERE breaker_id = $1 AND open`, id, by)
		if err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `
			SELECT breaker_id, scope, key, open, reason, opened_by, opened_at, closed_at, expires_at
			FROM breakers WHERE breaker_id = $1`, id)
		if closed, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Breaker]); err != nil {
			return err
		}
		b := &pgx.Batch{}
		if tag.RowsAffected() == 1 {
			appendEvents(b, breakerEvent("breaker.closed", closed))
		}
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return aegis.Breaker{}, fmt.Errorf("close breaker %s: %w", id, err)
	}
	return closed, nil
}

// Breakers lists the open breakers and the newest closed ones, the newest
// first. One that has expired is closed.
func (db *DB) Breakers(ctx context.Context) ([]aegis.Breaker, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT * FROM (
			SELECT breaker_id, scope, key, live.open, reason, opened_by, opened_at,
				CASE WHEN breakers.open AND NOT live.open THEN expires_at ELSE closed_at END AS closed_at, expires_at
			FROM breakers, LATERAL (SELECT breakers.open AND coalesce(expires_at > now(), true) AS open) AS live
			ORDER BY live.open DESC, opened_at DESC, breaker_id DESC
			LIMIT $1) AS listed
		ORDER BY opened_at DESC, breaker_id DESC`, breakersListed)
	breakers, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Breaker])
	if err != nil {
		return nil, fmt.Errorf("list breakers: %w", mapError(err))
	}
	return breakers, nil
}
