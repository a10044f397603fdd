package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
)

// ModelLedger keeps the money for models. It implements model.Ledger and is
// safe for concurrent use by many processes.
type ModelLedger struct {
	db      *DB
	limits  model.Limits
	holdFor time.Duration
	now     func() time.Time
}

// ModelLedger returns the ledger with these limits. A hold that is not settled
// within holdFor, which is longer than any call, may be expired; now says which
// day and month it is.
func (db *DB) ModelLedger(limits model.Limits, holdFor time.Duration, now func() time.Time) *ModelLedger {
	return &ModelLedger{db: db, limits: limits, holdFor: holdFor, now: now}
}

// Reserve sets aside the most that a call may cost at all levels or none, in
// one transaction that locks the accounts in order of scope. A
// model.BudgetError says which level has too little.
func (l *ModelLedger) Reserve(ctx context.Context, account model.Account, micros int64) (model.Hold, error) {
	if micros < 0 {
		return model.Hold{}, aegis.Invalid("micros", "a reservation is not negative")
	}
	id := aegis.NewID("hold", l.now())
	charges := l.limits.Charges(account, l.now())
	var b pgx.Batch
	scopes := make([]string, len(charges))
	for i, c := range charges {
		scopes[i] = c.Scope
		setAside(&b, c, micros)
	}
	b.Queue(`INSERT INTO model_holds (hold_id, scopes, micros, expires_at) VALUES ($1, $2, $3, now() + $4::interval)`,
		id, scopes, micros, l.holdFor)
	if err := l.db.sendReserve(ctx, &b, charges, micros); err != nil {
		return model.Hold{}, fmt.Errorf("reserve for a model: %w", err)
	}
	return model.Hold{ID: id, Micros: micros}, nil
}

// setAside queues a reservation at one account, which it makes when need be:
// check and taking are one statement. Without the money the sum is null, which
// the column refuses: so all of the batch fails in the one round trip for which
// the accounts, which everybody needs, are locked.
func setAside(b *pgx.Batch, c model.Charge, micros int64) {
	b.Queue(`
		INSERT INTO model_accounts AS a (scope, limit_micros, reserved_micros)
		VALUES ($1, $2::bigint, CASE WHEN $2::bigint < 0 OR $3::bigint <= $2::bigint THEN $3::bigint END)
		ON CONFLICT (scope) DO UPDATE SET
			limit_micros = excluded.limit_micros,
			reserved_micros = CASE
				WHEN excluded.limit_micros < 0 OR a.reserved_micros + a.spent_micros + excluded.reserved_micros <= excluded.limit_micros
				THEN a.reserved_micros + excluded.reserved_micros END`,
		c.Scope, c.LimitMicros, micros)
}

// sendReserve sends the batch of a reservation, one transaction by itself, and
// names the charge whose account has too little.
func (db *DB) sendReserve(ctx context.Context, b *pgx.Batch, charges []model.Charge, micros int64) error {
	results := db.pool.SendBatch(ctx, b)
	for _, c := range charges {
		_, err := results.Exec()
		if err == nil {
			continue
		}
		_ = results.Close() // the same error
		if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == "23502" && server.ColumnName == "reserved_micros" {
			return &model.BudgetError{Level: c.Level, Scope: c.Scope, Micros: micros}
		}
		return mapError(err)
	}
	return mapError(results.Close())
}

// Settle ends a hold with what was spent of it; more than it holds is charged
// as what it holds. A hold that is settled or expired changes nothing.
func (l *ModelLedger) Settle(ctx context.Context, hold model.Hold, micros int64) error {
	if micros < 0 {
		return aegis.Invalid("micros", "a settlement is not negative")
	}
	if err := l.db.settleHold(ctx, hold.ID, micros); err != nil {
		return fmt.Errorf("settle %s for a model: %w", hold.ID, err)
	}
	return nil
}

// settleHold locks the accounts in order of scope and ends the hold, in one
// transaction.
func (db *DB) settleHold(ctx context.Context, id string, micros int64) error {
	var b pgx.Batch
	b.Queue(`
		SELECT a.scope FROM model_accounts a JOIN model_holds h ON a.scope = ANY(h.scopes)
		WHERE h.hold_id = $1 ORDER BY a.scope FOR UPDATE OF a`, id)
	b.Queue(`
		WITH ended AS (DELETE FROM model_holds WHERE hold_id = $1 RETURNING scopes, micros)
		UPDATE model_accounts a SET
			reserved_micros = a.reserved_micros - ended.micros, spent_micros = a.spent_micros + least($2, ended.micros)
		FROM ended WHERE a.scope = ANY(ended.scopes)`, id, micros)
	return db.send(ctx, &b)
}

// expireAtOnce bounds one call of ExpireHolds.
const expireAtOnce = 1000

// ExpireHolds settles the holds of processes that died as fully spent: what may
// have been paid counts as paid. It returns how many there were, a thousand at
// most.
func (l *ModelLedger) ExpireHolds(ctx context.Context) (int, error) {
	rows, _ := l.db.pool.Query(ctx, `SELECT hold_id, micros FROM model_holds WHERE expires_at < now() ORDER BY expires_at LIMIT $1`, expireAtOnce)
	type expired struct {
		HoldID string
		Micros int64
	}
	holds, err := pgx.CollectRows(rows, pgx.RowToStructByName[expired])
	if err != nil {
		return 0, fmt.Errorf("list expired holds: %w", mapError(err))
	}
	for i, h := range holds {
		if err := l.db.settleHold(ctx, h.HoldID, h.Micros); err != nil {
			return i, fmt.Errorf("expire %s: %w", h.HoldID, err)
		}
	}
	return len(holds), nil
}

// ModelAccount is the state of one account, in millionths of a US dollar.
type ModelAccount struct {
	Scope string
	// LimitMicros below zero is none.
	LimitMicros, ReservedMicros, SpentMicros int64
}

// Accounts lists the accounts that a call would be charged to now, in order of
// scope; those that were never used are left out.
func (l *ModelLedger) Accounts(ctx context.Context, account model.Account) ([]ModelAccount, error) {
	var scopes []string
	for _, c := range l.limits.Charges(account, l.now()) {
		scopes = append(scopes, c.Scope)
	}
	rows, _ := l.db.pool.Query(ctx, `
		SELECT scope, limit_micros, reserved_micros, spent_micros FROM model_accounts WHERE scope = ANY($1) ORDER BY scope`, scopes)
	accounts, err := pgx.CollectRows(rows, pgx.RowToStructByName[ModelAccount])
	if err != nil {
		return nil, fmt.Errorf("list model accounts: %w", mapError(err))
	}
	return accounts, nil
}
