package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// noon is when the tests of the ledger take place.
func noon() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func unlimited() model.Limits {
	return model.Limits{GoalMicros: model.NoLimit, SubmitterMicros: model.NoLimit, DayMicros: model.NoLimit, MonthMicros: model.NoLimit}
}

func ann() model.Account {
	return model.Account{Goal: "goal-1", GoalLimitMicros: model.NoLimit, Submitter: "ann"}
}

// balance is reserved and spent of all accounts of ann's.
func balance(t *testing.T, l *postgres.ModelLedger) [][2]int64 {
	t.Helper()
	accounts, err := l.Accounts(t.Context(), ann())
	require.NoError(t, err)
	out := make([][2]int64, len(accounts))
	for i, a := range accounts {
		out[i] = [2]int64{a.ReservedMicros, a.SpentMicros}
	}
	return out
}

func all(reserved, spent int64) [][2]int64 {
	one := [2]int64{reserved, spent}
	return [][2]int64{one, one, one, one}
}

func TestModelLedger(t *testing.T) {
	t.Parallel()
	t.Run("reserves at all levels and settles once", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		l := db.ModelLedger(unlimited(), time.Minute, noon)
		hold, err := l.Reserve(t.Context(), ann(), 1000)
		require.NoError(t, err)
		require.EqualValues(t, 1000, hold.Micros)
		require.Equal(t, all(1000, 0), balance(t, l))
		for range 3 {
			require.NoError(t, l.Settle(t.Context(), hold, 300))
		}
		require.Equal(t, all(0, 300), balance(t, l))
		accounts, err := l.Accounts(t.Context(), ann())
		require.NoError(t, err)
		var scopes []string
		for _, a := range accounts {
			scopes = append(scopes, a.Scope)
		}
		require.Equal(t, []string{"day:2026-11-27", "goal:goal-1", "month:2026-11", "submitter:ann:2026-11"}, scopes)
	})

	t.Run("never settles more than it holds", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		l := db.ModelLedger(unlimited(), time.Minute, noon)
		hold, err := l.Reserve(t.Context(), ann(), 1000)
		require.NoError(t, err)
		require.ErrorIs(t, l.Settle(t.Context(), hold, -1), aegis.ErrInvalid)
		require.NoError(t, l.Settle(t.Context(), hold, 5000))
		require.Equal(t, all(0, 1000), balance(t, l))
	})

	for level, limits := range map[string]model.Limits{
		"goal":      {GoalMicros: 1000, SubmitterMicros: -1, DayMicros: -1, MonthMicros: -1},
		"submitter": {GoalMicros: -1, SubmitterMicros: 1000, DayMicros: -1, MonthMicros: -1},
		"day":       {GoalMicros: -1, SubmitterMicros: -1, DayMicros: 1000, MonthMicros: -1},
		"month":     {GoalMicros: -1, SubmitterMicros: -1, DayMicros: -1, MonthMicros: 1000},
	} {
		t.Run("says that the "+level+" has too little, and takes nothing elsewhere", func(t *testing.T) {
			t.Parallel()
			db, _ := open(t)
			l := db.ModelLedger(limits, time.Minute, noon)
			_, err := l.Reserve(t.Context(), ann(), 1001)
			require.ErrorIs(t, err, model.ErrBudget)
			require.Empty(t, balance(t, l))
			hold, err := l.Reserve(t.Context(), ann(), 1000)
			require.NoError(t, err)
			_, err = l.Reserve(t.Context(), ann(), 1)
			budget, ok := errors.AsType[*model.BudgetError](err)
			require.True(t, ok)
			require.Equal(t, level, budget.Level)
			require.Equal(t, all(1000, 0), balance(t, l))
			require.NoError(t, l.Settle(t.Context(), hold, 0))
			_, err = l.Reserve(t.Context(), ann(), 1000)
			require.NoError(t, err)
		})
	}

	t.Run("takes the goal's own limit, and a forgotten one as no money", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		l := db.ModelLedger(unlimited(), time.Minute, noon)
		for limit, want := range map[int64]error{0: model.ErrBudget, 9: model.ErrBudget, 10: nil} {
			_, err := l.Reserve(t.Context(), model.Account{Goal: "goal-" + time.Duration(limit).String(), GoalLimitMicros: limit}, 10)
			require.ErrorIs(t, err, want)
		}
	})

	t.Run("counts the next day anew, and the month on", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		now := noon()
		limits := unlimited()
		limits.DayMicros, limits.MonthMicros = 100, 150
		l := db.ModelLedger(limits, time.Minute, func() time.Time { return now })
		_, err := l.Reserve(t.Context(), ann(), 100)
		require.NoError(t, err)
		_, err = l.Reserve(t.Context(), ann(), 1)
		require.ErrorContains(t, err, "day:2026-11-27")
		now = now.AddDate(0, 0, 1)
		_, err = l.Reserve(t.Context(), ann(), 50)
		require.NoError(t, err)
		_, err = l.Reserve(t.Context(), ann(), 1)
		require.ErrorContains(t, err, "month:2026-11")
		now = now.AddDate(0, 1, 0)
		_, err = l.Reserve(t.Context(), ann(), 100)
		require.NoError(t, err)
	})

	t.Run("counts the hold of a process that died as spent, whatever it says later", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		l := db.ModelLedger(unlimited(), time.Hour, noon)
		dead := db.ModelLedger(unlimited(), -time.Second, noon)
		live, err := l.Reserve(t.Context(), ann(), 10)
		require.NoError(t, err)
		lost, err := dead.Reserve(t.Context(), ann(), 1000)
		require.NoError(t, err)
		n, err := l.ExpireHolds(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, all(10, 1000), balance(t, l))
		require.NoError(t, l.Settle(t.Context(), lost, 1))
		require.NoError(t, l.Settle(t.Context(), live, 4))
		require.Equal(t, all(0, 1004), balance(t, l))
	})

	t.Run("reserves nothing without a database", func(t *testing.T) {
		t.Parallel()
		db, err := postgres.Open(t.Context(), "postgres://aegis@127.0.0.1:1/none?sslmode=disable", nil)
		require.NoError(t, err)
		defer db.Close()
		_, err = db.ModelLedger(unlimited(), time.Minute, noon).Reserve(t.Context(), ann(), 1)
		require.ErrorIs(t, err, aegis.ErrUnavailable)
		require.NotErrorIs(t, err, model.ErrBudget)
	})
}

// TestModelLedgerAddsUp compares the ledger with one that a child would keep.
func TestModelLedgerAddsUp(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := conn.Exec(t.Context(), `TRUNCATE model_accounts, model_holds`)
		require.NoError(t, err)
		limits := unlimited()
		limits.DayMicros = rapid.Int64Range(0, 2000).Draw(rt, "limit")
		l := db.ModelLedger(limits, time.Hour, noon)
		var reserved, spent int64
		var holds []model.Hold
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			if len(holds) > 0 && rapid.Bool().Draw(rt, "settle") {
				i := rapid.IntRange(0, len(holds)-1).Draw(rt, "which")
				used := rapid.Int64Range(0, 1500).Draw(rt, "used")
				require.NoError(t, l.Settle(t.Context(), holds[i], used))
				reserved, spent = reserved-holds[i].Micros, spent+min(used, holds[i].Micros)
				holds = append(holds[:i], holds[i+1:]...)
				continue
			}
			amount := rapid.Int64Range(0, 1000).Draw(rt, "amount")
			hold, err := l.Reserve(t.Context(), ann(), amount)
			if reserved+spent+amount > limits.DayMicros {
				require.ErrorIs(t, err, model.ErrBudget)
				continue
			}
			require.NoError(t, err)
			holds, reserved = append(holds, hold), reserved+amount
		}
		if reserved+spent > 0 {
			require.Equal(t, all(reserved, spent), balance(t, l))
		}
	})
}

// TestModelLedgerSurvivesKills has many workers reserve and settle, of whom many
// are killed on the way: by the end of their context, or of their connections.
// No account is ever overdrawn, none loses or gains one millionth of a dollar, and
// what nobody settled counts as spent.
func TestModelLedgerSurvivesKills(t *testing.T) {
	t.Parallel()
	const calls, most, limit = 3000, 1000, 600_000
	url := pgtest.New(t)
	db, conn := openURL(t, url), connect(t, url)
	limits := unlimited()
	limits.DayMicros = limit
	l := db.ModelLedger(limits, time.Hour, noon)
	var settled, refused, killed atomic.Int64
	var workers errgroup.Group
	workers.SetLimit(32)
	for range calls {
		workers.Go(func() error {
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			if rand.IntN(3) == 0 {
				timer := time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, kill)
				defer timer.Stop()
			}
			hold, err := l.Reserve(ctx, ann(), 1+rand.Int64N(most))
			if errors.Is(err, model.ErrBudget) {
				refused.Add(1)
				return nil
			}
			used := rand.Int64N(hold.Micros + 1)
			if err == nil && rand.IntN(10) > 0 {
				err = l.Settle(ctx, hold, used)
			}
			if err != nil {
				killed.Add(1)
				return nil
			}
			settled.Add(1)
			return nil
		})
	}
	stop := make(chan struct{})
	killing := make(chan error, 1)
	go func() { killing <- cutConnections(t.Context(), conn, stop) }()
	require.NoError(t, workers.Wait())
	close(stop)
	require.NoError(t, <-killing)
	require.Positive(t, settled.Load())
	require.Positive(t, killed.Load())

	audit := connect(t, url)
	requireSound(t, audit, limit)
	_, err := audit.Exec(t.Context(), `UPDATE model_holds SET expires_at = now() - interval '1 second'`)
	require.NoError(t, err)
	before := count(t, audit, `SELECT coalesce(sum(reserved_micros + spent_micros), 0) FROM model_accounts`)
	for range 1000 {
		n, err := l.ExpireHolds(t.Context())
		if errors.Is(err, aegis.ErrUnavailable) {
			continue // a connection that was cut
		}
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	requireSound(t, audit, limit)
	require.Equal(t, before, count(t, audit, `SELECT coalesce(sum(spent_micros), 0) FROM model_accounts`))
	require.Zero(t, count(t, audit, `SELECT count(*) FROM model_holds`))
}

// requireSound says that no account is overdrawn and that what is reserved is
// what is held.
func requireSound(t *testing.T, conn *pgx.Conn, limit int64) {
	t.Helper()
	require.Zero(t, count(t, conn, `SELECT count(*) FROM model_accounts WHERE limit_micros >= 0 AND reserved_micros + spent_micros > limit_micros`))
	require.LessOrEqual(t, int64(count(t, conn, `SELECT coalesce(max(spent_micros), 0) FROM model_accounts WHERE scope LIKE 'day:%'`)), limit)
	require.Zero(t, count(t, conn, `
		SELECT count(*) FROM model_accounts a
		WHERE reserved_micros <> (SELECT coalesce(sum(micros), 0) FROM model_holds h WHERE a.scope = ANY(h.scopes))`))
}

// cutConnections ends a connection of another session every few milliseconds.
func cutConnections(ctx context.Context, conn *pgx.Conn, stop <-chan struct{}) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
			if _, err := conn.Exec(ctx, `
				SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
				ORDER BY random() LIMIT 1`); err != nil {
				return err
			}
		}
	}
}
