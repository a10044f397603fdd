package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/postgres"
)

const (
	// ledgerCalls are made by ledgerWorkers at once, for ledgerGoals goals.
	ledgerCalls, ledgerWorkers, ledgerGoals = 100_000, 64, 500
	// ledgerMost is the most that one reserves, ledgerDay what there is for the
	// day, in millionths of a US dollar: some of the calls find no money.
	ledgerMost, ledgerDay = 1000, 12_000_000
	// ledgerCut is how often a connection is cut.
	ledgerCut = 50 * time.Millisecond
)

// ErrOverspent says that more money was given out than there was, or that money
// was lost.
var ErrOverspent = errors.New("the ledger does not add up")

// ledger is one run.
type ledger struct {
	keeper                            *postgres.ModelLedger
	settled, refused, killed, forgone atomic.Int64

	mu    sync.Mutex
	times []time.Duration
}

// Ledger has many workers reserve and settle money for models at once, of whom a
// third is killed at a random moment and whose connections are cut, and reports
// whether the accounts add up to the millionth of a dollar.
func Ledger(ctx context.Context, p *e2e.Process, w io.Writer) error {
	h, err := newHistory(ctx, p)
	if err != nil {
		return err
	}
	defer h.close(ctx)
	none := model.NoLimit
	limits := model.Limits{GoalMicros: none, SubmitterMicros: none, DayMicros: ledgerDay, MonthMicros: none}
	today := time.Now() // one day for all, or the bench would have twice the money at midnight
	l := &ledger{keeper: h.db.ModelLedger(limits, time.Hour, func() time.Time { return today })}
	began := time.Now()
	if err := l.spend(ctx, h.conn); err != nil {
		return err
	}
	took := time.Since(began)
	r := report{title: fmt.Sprintf("%d reservations of %d workers, with kills", ledgerCalls, ledgerWorkers)}
	r.add("reservations and settlements", float64(ledgerCalls)/took.Seconds(), "/s", 0)
	r.duration("reserved p50", percentile(l.times, 0.5), 0)
	r.duration("reserved p99", percentile(l.times, 0.99), 0)
	r.add("settled", float64(l.settled.Load()), "", 0)
	r.add("refused for want of money", float64(l.refused.Load()), "", 0)
	r.add("killed before they had a hold", float64(l.killed.Load()), "", 0)
	r.add("killed with a hold", float64(l.forgone.Load()), "", 0)
	err = l.audit(ctx, h.conn, &r)
	return errors.Join(r.write(w), err)
}

// spend makes the calls while connections are cut.
func (l *ledger) spend(ctx context.Context, conn *pgx.Conn) error {
	cutting, stop := context.WithCancel(ctx)
	cut := make(chan error, 1)
	go func() { cut <- cutConnections(cutting, conn) }()
	var workers errgroup.Group
	workers.SetLimit(ledgerWorkers)
	for i := range ledgerCalls {
		workers.Go(func() error {
			l.call(ctx, i)
			return nil
		})
	}
	err := workers.Wait()
	stop()
	return errors.Join(err, <-cut, ctx.Err())
}

// call reserves and settles, or is killed on the way.
func (l *ledger) call(ctx context.Context, i int) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	if rand.IntN(3) == 0 { //nolint:gosec // chance is no secret
		timer := time.AfterFunc(time.Duration(rand.IntN(500))*time.Millisecond, kill) //nolint:gosec // as above
		defer timer.Stop()
	}
	began := time.Now()
	hold, err := l.keeper.Reserve(ctx, model.Account{
		Goal: fmt.Sprint("goal-", i%ledgerGoals), GoalLimitMicros: model.NoLimit, Submitter: fmt.Sprint("submitter-", i%20),
	}, 1+rand.Int64N(ledgerMost)) //nolint:gosec // as above
	switch {
	case errors.Is(err, model.ErrBudget):
		l.refused.Add(1)
		return
	case err != nil:
		l.killed.Add(1)
		return
	}
	l.mu.Lock()
	l.times = append(l.times, time.Since(began))
	l.mu.Unlock()
	if err := l.keeper.Settle(ctx, hold, rand.Int64N(hold.Micros+1)); err != nil { //nolint:gosec // as above
		l.forgone.Add(1)
		return
	}
	l.settled.Add(1)
}

// cutConnections ends a connection of another session again and again.
func cutConnections(ctx context.Context, conn *pgx.Conn) error {
	tick := time.NewTicker(ledgerCut)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			// Without the context: this session itself is not to be killed.
			if _, err := conn.Exec(context.WithoutCancel(ctx), `
				SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
				ORDER BY random() LIMIT 1`); err != nil {
				return fmt.Errorf("cut a connection: %w", err)
			}
		}
	}
}

// audit compares the accounts with the holds, expires these, and compares again.
func (l *ledger) audit(ctx context.Context, conn *pgx.Conn, r *report) error {
	sum := func(sql string) (n int64, err error) {
		err = conn.QueryRow(ctx, sql).Scan(&n)
		return n, err
	}
	const given = `SELECT coalesce(sum(reserved_micros + spent_micros), 0)::bigint FROM model_accounts WHERE scope LIKE 'day:%'`
	before, err := sum(given)
	if err != nil {
		return fmt.Errorf("audit the ledger: %w", err)
	}
	unheld, err := sum(`
		SELECT coalesce(sum(abs(reserved_micros - (SELECT coalesce(sum(micros), 0) FROM model_holds h WHERE a.scope = ANY(h.scopes)))), 0)::bigint
		FROM model_accounts a`)
	if err != nil {
		return fmt.Errorf("audit the ledger: %w", err)
	}
	if _, err := conn.Exec(ctx, `UPDATE model_holds SET expires_at = now() - interval '1 second'`); err != nil {
		return fmt.Errorf("audit the ledger: %w", err)
	}
	for n := 1; n > 0; {
		if n, err = l.keeper.ExpireHolds(ctx); err != nil {
			return err
		}
	}
	spent, err := sum(`SELECT coalesce(sum(spent_micros), 0)::bigint FROM model_accounts WHERE scope LIKE 'day:%'`)
	if err != nil {
		return fmt.Errorf("audit the ledger: %w", err)
	}
	levels, err := sum(`
		SELECT max(total)::bigint - min(total)::bigint FROM (
			SELECT sum(reserved_micros + spent_micros) AS total FROM model_accounts GROUP BY split_part(scope, ':', 1)) AS levels`)
	if err != nil {
		return fmt.Errorf("audit the ledger: %w", err)
	}
	r.add("spent, with what the killed held", float64(spent)/1e6, "USD", ledgerDay/1e6)
	r.add("overspent", float64(max(0, spent-ledgerDay)), "millionths", 0)
	r.add("reserved without a hold, lost when holds expired, different between levels", float64(unheld+max(before-spent, spent-before)+levels), "millionths", 0)
	if spent > ledgerDay || unheld != 0 || before != spent || levels != 0 {
		return ErrOverspent
	}
	return nil
}
