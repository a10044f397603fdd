package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/internal/e2e"
)

const (
	// ledgerCalls are made by ledgerProcesses at once.
	ledgerCalls, ledgerProcesses = 100_000, 4
	// ledgerCut is how often a connection is cut.
	ledgerCut = 50 * time.Millisecond
	// LedgerDatabase is the environment variable that tells a process of the benchmark
	// its database.
	LedgerDatabase = "AEGIS_BENCH_DATABASE_URL"
)

// ledgerLife is how long a process lives, at random, before it is killed.
func ledgerLife() time.Duration {
	return time.Second + time.Duration(rand.IntN(4000))*time.Millisecond //nolint:gosec // chance is no secret
}

// ErrOverspent says that more money was given out than there was, or that money
// was lost.
var ErrOverspent = errors.New("the ledger does not add up")

// ledger is one run.
type ledger struct {
	executable, databaseURL string

	mu    sync.Mutex
	calls int
	// became counts what became of calls; deaths are those of processes.
	became map[string]int
	deaths int
	times  []time.Duration
}

// Ledger has processes reserve and settle money for models at once, each of which is
// killed at a random moment and followed by another, while connections are cut, and
// reports whether all accounts add up to the millionth of a dollar.
func Ledger(ctx context.Context, p *e2e.Process, executable string, w io.Writer) error {
	h, err := newHistory(ctx, p)
	if err != nil {
		return err
	}
	defer h.close(ctx)
	l := &ledger{executable: executable, databaseURL: h.conn.Config().ConnString(), became: map[string]int{}}
	began := time.Now()
	if err := l.spend(ctx, h.conn); err != nil {
		return err
	}
	took := time.Since(began)
	r := report{title: fmt.Sprintf("%d reservations of %d processes, with kills", l.calls, ledgerProcesses)}
	r.add("reservations and settlements", float64(l.calls)/took.Seconds(), "/s", 0)
	r.duration("reserved p50", percentile(l.times, 0.5), 0)
	r.duration("reserved p99", percentile(l.times, 0.99), 0)
	r.add("processes killed", float64(l.deaths), "", 0)
	r.add("settled", float64(l.became[callSettled]), "", 0)
	for _, level := range ledgerLevels() {
		r.add("refused for want of money of the "+level, float64(l.became[level]), "", 0)
	}
	r.add("cut before they had a hold", float64(l.became[callLost]), "", 0)
	r.add("cut with a hold", float64(l.became[callHeld]), "", 0)
	err = l.audit(ctx, h, &r)
	return errors.Join(r.write(w), err)
}

func ledgerLevels() []string { return []string{"goal", "submitter", "day", "month"} }

// spend keeps processes at work until they made all calls, while connections are cut.
func (l *ledger) spend(ctx context.Context, conn *pgx.Conn) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	cut := make(chan error, 1)
	go func() { cut <- cutConnections(working, conn) }()
	var processes errgroup.Group
	for range ledgerProcesses {
		processes.Go(func() error {
			defer stop()
			for working.Err() == nil {
				if err := l.process(working, stop); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return errors.Join(processes.Wait(), <-cut, ctx.Err())
}

// process runs one until it is killed, and counts what it says.
func (l *ledger) process(ctx context.Context, enough func()) error {
	life, end := context.WithTimeout(ctx, ledgerLife())
	defer end()
	cmd := exec.CommandContext(life, l.executable, "bench", "ledger-worker") //nolint:gosec // our own binary
	cmd.Env = append(os.Environ(), LedgerDatabase+"="+l.databaseURL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("listen to a process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a process: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if l.count(lines.Text()) {
			enough()
		}
	}
	if err := cmd.Wait(); life.Err() == nil {
		return fmt.Errorf("a process ended by itself: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaths++
	return nil
}

// count notes a call, and says that there were enough. What a process was about to say
// as it was killed is no call.
func (l *ledger) count(line string) (enough bool) {
	var what string
	var micros int64
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, err := fmt.Sscan(line, &what, &micros); n == 2 && err == nil {
		l.calls++
		l.became[what]++
		l.times = append(l.times, time.Duration(micros)*time.Microsecond)
	}
	return l.calls >= ledgerCalls
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
func (l *ledger) audit(ctx context.Context, h *history, r *report) error {
	sum := func(sql string) (n int64, err error) {
		if err = h.conn.QueryRow(ctx, sql).Scan(&n); err != nil {
			err = fmt.Errorf("audit the ledger: %w", err)
		}
		return n, err
	}
	const given = `SELECT coalesce(sum(reserved_micros + spent_micros), 0)::bigint FROM model_accounts WHERE scope LIKE 'month:%'`
	before, err1 := sum(given)
	held, err2 := sum(`SELECT count(*) FROM model_holds`)
	unheld, err3 := sum(`
		SELECT coalesce(sum(abs(reserved_micros - (SELECT coalesce(sum(micros), 0) FROM model_holds h WHERE a.scope = ANY(h.scopes)))), 0)::bigint
		FROM model_accounts a`)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	if _, err := h.conn.Exec(ctx, `UPDATE model_holds SET expires_at = now() - interval '1 second'`); err != nil {
		return fmt.Errorf("audit the ledger: %w", err)
	}
	keeper := h.db.ModelLedger(ledgerLimits(), time.Hour, time.Now)
	for n := 1; n > 0; {
		var err error
		if n, err = keeper.ExpireHolds(ctx); err != nil {
			return err
		}
	}
	spent, err1 := sum(given)
	over, err2 := sum(`
		SELECT coalesce(sum(greatest(0, reserved_micros + spent_micros - limit_micros)), 0)::bigint FROM model_accounts WHERE limit_micros >= 0`)
	levels, err3 := sum(`
		SELECT max(total)::bigint - min(total)::bigint FROM (
			SELECT sum(reserved_micros + spent_micros) AS total FROM model_accounts GROUP BY split_part(scope, ':', 1)) AS levels`)
	full, err4 := sum(`SELECT count(*) FROM model_accounts WHERE limit_micros - reserved_micros - spent_micros < 1000`)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	r.add("holds of the killed, which count as spent", float64(held), "", 0)
	r.add("accounts without money for another call", float64(full), "", 0)
	r.add("spent, with what the killed held", float64(spent)/1e6, "USD", float64(ledgerLimits().MonthMicros)/1e6)
	r.add("overspent, over all accounts", float64(over), "millionths", 0)
	r.add("reserved without a hold, lost when holds expired, different between levels", float64(unheld+max(before-spent, spent-before)+levels), "millionths", 0)
	if over != 0 || unheld != 0 || before != spent || levels != 0 {
		return ErrOverspent
	}
	return nil
}
