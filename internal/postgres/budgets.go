package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// reserve queues a step's reservations or their end. It locks the accounts in
// order of scope first.
func reserve(b *pgx.Batch, step rollout.Step) {
	id := step.ChangeSet.ChangeSetID
	if len(step.Reserve) == 0 && step.Settlement.Kind == rollout.SettleNone {
		return
	}
	wanted := slices.SortedFunc(slices.Values(step.Reserve), func(x, y rollout.Reservation) int { return strings.Compare(x.Scope, y.Scope) })
	scopes := make([]string, len(wanted))
	for i, r := range wanted {
		scopes[i] = r.Scope
		b.Queue(`INSERT INTO budget_accounts (scope, limit_usd) VALUES ($1, $2) ON CONFLICT (scope) DO NOTHING`, r.Scope, r.LimitUSD)
	}
	b.Queue(`
		SELECT scope FROM budget_accounts
		WHERE scope = ANY($1) OR scope IN (SELECT scope FROM reservations WHERE change_set_id = $2)
		ORDER BY scope FOR UPDATE`, scopes, id)
	giveBack(b, id, step.Settlement)
	for _, r := range wanted {
		take(b, id, r)
	}
}

// giveBack queues the end of all reservations of a change set.
func giveBack(b *pgx.Batch, changeSetID string, s rollout.Settlement) {
	spent := 0.0
	if s.Kind == rollout.SettleSpend {
		spent = s.USD
	}
	b.Queue(`
		WITH ended AS (
			DELETE FROM reservations WHERE change_set_id = $1 RETURNING scope, usd
		)
		UPDATE budget_accounts a SET reserved_usd = reserved_usd - ended.usd, spent_usd = spent_usd + $2::float8::numeric
		FROM ended WHERE a.scope = ended.scope`, changeSetID, spent)
}

// take queues a reservation, which fails with ErrBudgetExceeded when it does
// not fit: the check and the taking are one statement.
func take(b *pgx.Batch, changeSetID string, r rollout.Reservation) {
	mustTouch(b.Queue(`
		UPDATE budget_accounts SET reserved_usd = reserved_usd + round($2::float8::numeric, 6)
		WHERE scope = $1 AND ($2::float8 = 0 OR limit_usd < 0 OR reserved_usd + spent_usd + round($2::float8::numeric, 6) <= limit_usd)`,
		r.Scope, r.USD), aegis.ErrBudgetExceeded, fmt.Sprintf("reserve %.2f USD a month of %s", r.USD, r.Scope))
	b.Queue(`INSERT INTO reservations (change_set_id, scope, usd) VALUES ($1, $2, $3::float8::numeric)`, changeSetID, r.Scope, r.USD)
}

// Budgets lists all accounts, "estate" first. A limit of rollout.NoLimit is none.
func (db *DB) Budgets(ctx context.Context) ([]aegis.BudgetAccount, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT scope, limit_usd::float8 AS limit_usd, reserved_usd::float8 AS reserved_usd, spent_usd::float8 AS spent_usd
		FROM budget_accounts
		ORDER BY scope <> 'estate', scope`)
	accounts, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.BudgetAccount])
	if err != nil {
		return nil, fmt.Errorf("list budgets: %w", mapError(err))
	}
	return accounts, nil
}

// maxUSD keeps amounts within the columns.
const maxUSD = 1e12

// SetBudget sets the limit of an account, in US dollars a month, and makes the
// account if need be. rollout.NoLimit is none. An InvalidError for field
// limit_usd_month tells of any other negative amount.
func (db *DB) SetBudget(ctx context.Context, scope string, limit float64) error {
	if math.IsNaN(limit) || limit > maxUSD || (limit < 0 && limit != rollout.NoLimit) {
		return aegis.Invalid("limit_usd_month", "give an amount from 0 to 1e12")
	}
	_, err := db.pool.Exec(ctx, `
		INSERT INTO budget_accounts (scope, limit_usd) VALUES ($1, $2::float8::numeric)
		ON CONFLICT (scope) DO UPDATE SET limit_usd = excluded.limit_usd`, scope, limit)
	if err != nil {
		return fmt.Errorf("set budget of %s: %w", scope, mapError(err))
	}
	return nil
}
