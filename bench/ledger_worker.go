package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/postgres"
)

const (
	// ledgerThreads call at once in each process, for ledgerGoals goals.
	ledgerThreads, ledgerGoals = 16, 500
	// ledgerMost is the most that one call reserves, in millionths of a US dollar.
	ledgerMost = 1000
)

// ledgerLimits are such that at each level some calls find no money: a goal is tight
// every tenth time, one of twenty submitters makes half of the calls, and two days of
// one month share them, the first seven of ten. In millionths of a US dollar.
func ledgerLimits() model.Limits {
	return model.Limits{GoalMicros: 40_000, SubmitterMicros: 3_000_000, DayMicros: 5_000_000, MonthMicros: 8_000_000}
}

// ledgerTight is what a tight goal has.
const ledgerTight = 5_000

// What becomes of a call.
const (
	callSettled = "settled"
	// callLost had no hold yet, callHeld one, when its connection was cut.
	callLost = "lost"
	callHeld = "held"
)

// LedgerWorker is a process of the benchmark ledger: it reserves and settles at once
// what it can until it is killed, and says of each call what became of it and how long
// the reservation took, in microseconds, on a line of w.
func LedgerWorker(ctx context.Context, databaseURL string, w io.Writer) error {
	db, err := postgres.Open(ctx, databaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	month := time.Now().UTC().Format("2006-01")
	var days [2]*postgres.ModelLedger
	for i := range days {
		day, err := time.Parse(time.DateOnly, fmt.Sprintf("%s-%02d", month, 10+i))
		if err != nil {
			return fmt.Errorf("name a day: %w", err)
		}
		days[i] = db.ModelLedger(ledgerLimits(), time.Hour, func() time.Time { return day })
	}
	var mu sync.Mutex
	var threads errgroup.Group
	for range ledgerThreads {
		threads.Go(func() error {
			for ctx.Err() == nil {
				what, took := ledgerCall(ctx, days)
				mu.Lock()
				_, err := fmt.Fprintln(w, what, took.Microseconds())
				mu.Unlock()
				if err != nil {
					return nil //nolint:nilerr // nobody listens any more
				}
			}
			return nil
		})
	}
	return threads.Wait()
}

// ledgerCall reserves money and settles it.
func ledgerCall(ctx context.Context, days [2]*postgres.ModelLedger) (what string, took time.Duration) {
	keeper, goal, submitter, limit := days[0], rand.IntN(ledgerGoals), 0, model.NoLimit //nolint:gosec // chance is no secret
	if rand.IntN(10) >= 7 {                                                             //nolint:gosec // as above
		keeper = days[1]
	}
	if rand.IntN(2) == 0 { //nolint:gosec // as above
		submitter = 1 + rand.IntN(19) //nolint:gosec // as above
	}
	if goal%10 == 0 {
		limit = ledgerTight
	}
	began := time.Now()
	hold, err := keeper.Reserve(ctx, model.Account{
		Goal: fmt.Sprint("goal-", goal), GoalLimitMicros: limit, Submitter: fmt.Sprint("submitter-", submitter),
	}, 1+rand.Int64N(ledgerMost)) //nolint:gosec // as above
	took = time.Since(began)
	if short, ok := errors.AsType[*model.BudgetError](err); ok {
		return short.Level, took
	}
	if err != nil {
		return callLost, took
	}
	if err := keeper.Settle(ctx, hold, rand.Int64N(hold.Micros+1)); err != nil { //nolint:gosec // as above
		return callHeld, took
	}
	return callSettled, took
}
