package postgres_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func TestReservationsNeverExceedTheLimit(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	require.NoError(t, db.SetBudget(t.Context(), "estate", 100))
	var fit atomic.Int32
	var group errgroup.Group
	for range 12 {
		cs := propose(t, db)
		group.Go(func() error {
			err := db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Reserve: []rollout.Reservation{
				{Scope: "goal:g", USD: 30, LimitUSD: rollout.NoLimit}, {Scope: "estate", USD: 30, LimitUSD: 1},
			}})
			if errors.Is(err, aegis.ErrBudgetExceeded) {
				return nil
			}
			fit.Add(1)
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 3, fit.Load())
	accounts, err := db.Budgets(t.Context())
	require.NoError(t, err)
	require.Equal(t, []aegis.BudgetAccount{
		{Scope: "estate", LimitUSD: 100, ReservedUSD: 90}, {Scope: "goal:g", LimitUSD: rollout.NoLimit, ReservedUSD: 90},
	}, accounts)
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	cs := propose(t, db)
	commit := func(step rollout.Step) error {
		step.ChangeSet = cs
		err := db.CommitStep(t.Context(), step)
		if err == nil {
			cs.Version++
		}
		return err
	}
	estate := func() aegis.BudgetAccount {
		accounts, err := db.Budgets(t.Context())
		require.NoError(t, err)
		return accounts[0]
	}
	require.NoError(t, commit(rollout.Step{Reserve: []rollout.Reservation{{Scope: "estate", USD: 0.1, LimitUSD: 1}}}))
	require.NoError(t, commit(rollout.Step{Reserve: []rollout.Reservation{{Scope: "estate", USD: 0.7, LimitUSD: 1}}}))
	require.InDelta(t, 0.7, estate().ReservedUSD, 0, "a second reservation replaces the first")
	require.NoError(t, commit(rollout.Step{}))
	require.InDelta(t, 0.7, estate().ReservedUSD, 0, "a step without settlement leaves it")
	require.NoError(t, commit(rollout.Step{Settlement: rollout.Settlement{Kind: rollout.SettleSpend, USD: 0.8}}))
	require.Equal(t, aegis.BudgetAccount{Scope: "estate", LimitUSD: 1, SpentUSD: 0.8}, estate())
	require.ErrorIs(t, commit(rollout.Step{Reserve: []rollout.Reservation{{Scope: "estate", USD: 0.3, LimitUSD: 1}}}), aegis.ErrBudgetExceeded)
	require.NoError(t, commit(rollout.Step{Reserve: []rollout.Reservation{{Scope: "estate", USD: 0.2, LimitUSD: 1}}}))
	require.NoError(t, commit(rollout.Step{Settlement: rollout.Settlement{Kind: rollout.SettleRelease}}))
	require.Equal(t, aegis.BudgetAccount{Scope: "estate", LimitUSD: 1, SpentUSD: 0.8}, estate())
	require.NoError(t, db.SetBudget(t.Context(), "estate", 0.5))
	require.NoError(t, commit(rollout.Step{Reserve: []rollout.Reservation{{Scope: "estate", LimitUSD: 1}}}), "nothing always fits")

	require.ErrorIs(t, db.SetBudget(t.Context(), "estate", -5), aegis.ErrInvalid)
	require.NoError(t, db.SetBudget(t.Context(), "estate", rollout.NoLimit))
}

func TestBreakers(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	at := time.Now()
	first, err := db.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: "brk-1", Scope: aegis.BreakerRegion, Key: "eu-west-1", Reason: "flood", OpenedBy: "bob", OpenedAt: at})
	require.NoError(t, err)
	require.True(t, first.Open)
	same, err := db.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: "brk-2", Scope: aegis.BreakerRegion, Key: "eu-west-1"})
	require.NoError(t, err)
	require.Equal(t, first, same)
	past := at.Add(-time.Minute)
	_, err = db.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: "brk-3", Scope: aegis.BreakerStack, Key: "s", OpenedAt: at.Add(time.Second), ExpiresAt: &past})
	require.NoError(t, err)

	all, err := db.Breakers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "brk-3", all[0].BreakerID, "the newest first")
	require.False(t, all[0].Open, "an expired one is closed")
	require.NotNil(t, all[0].ClosedAt)
	_, err = conn.Exec(t.Context(), `
		INSERT INTO breakers (breaker_id, scope, key, open, reason, opened_by, opened_at)
		SELECT 'brk-old-' || n, 'stack', 'old', false, 'flood', 'bob', $1::timestamptz + make_interval(mins => n) FROM generate_series(1, 600) AS n`, at)
	require.NoError(t, err)
	all, err = db.Breakers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 500)
	require.Equal(t, "brk-old-600", all[0].BreakerID)
	require.Equal(t, "brk-1", all[499].BreakerID, "an open one is in the list however old it is")
	again, err := db.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: "brk-4", Scope: aegis.BreakerStack, Key: "s"})
	require.NoError(t, err)
	require.Equal(t, "brk-4", again.BreakerID, "and can be opened anew")

	closed, err := db.CloseBreaker(t.Context(), "brk-1", "bob")
	require.NoError(t, err)
	require.False(t, closed.Open)
	twice, err := db.CloseBreaker(t.Context(), "brk-1", "eve")
	require.NoError(t, err)
	require.Equal(t, closed, twice)
	_, err = db.CloseBreaker(t.Context(), "brk-x", "bob")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	_, err = db.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: "brk-5", Scope: "everything", Key: "*"})
	require.ErrorIs(t, err, aegis.ErrInvalid)
}
