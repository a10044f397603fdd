package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// Acknowledge posts goals at 100 a second for seconds and compares the time to the
// durable acknowledgement with a bare insert and commit in the same database
// at the same pace.
func Acknowledge(ctx context.Context, p *e2e.Process, seconds int, w io.Writer) error {
	const rate = 100
	n, interval := rate*seconds, time.Second/rate
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	const table = `CREATE TABLE IF NOT EXISTS bench_baseline (id text PRIMARY KEY, body text NOT NULL, at timestamptz NOT NULL DEFAULT now())`
	if _, err := pool.Exec(ctx, table); err != nil {
		return fmt.Errorf("create baseline table: %w", err)
	}
	defer func() { _, _ = pool.Exec(context.WithoutCancel(ctx), `DROP TABLE bench_baseline`) }()

	const intent = "keep logs for 90 days everywhere"
	insert := func(ctx context.Context, _ int) error {
		_, err := pool.Exec(ctx, `INSERT INTO bench_baseline (id, body) VALUES ($1, $2)`, aegis.NewID("bench", time.Now()), intent)
		return err
	}
	c := client.New(p.URL, p.Token)
	post := func(ctx context.Context, _ int) error {
		_, err := c.CreateGoalAgain(ctx, aegis.GoalSpec{Intent: intent})
		return err
	}
	for _, warm := range []func(context.Context, int) error{insert, post} {
		if _, err := paced(ctx, rate, interval, warm); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	bare, err := paced(ctx, n, interval, insert)
	if err != nil {
		return fmt.Errorf("insert baseline rows: %w", err)
	}
	goals, err := paced(ctx, n, interval, post)
	if err != nil {
		return fmt.Errorf("post goals: %w", err)
	}
	r := report{title: fmt.Sprintf("POST /v1/goals, %d at %d/s", n, rate)}
	r.duration("bare insert+commit p50", percentile(bare, 0.5), 0)
	r.duration("bare insert+commit p95", percentile(bare, 0.95), 0)
	r.duration("goal acknowledged p50", percentile(goals, 0.5), 0)
	r.duration("goal acknowledged p95", percentile(goals, 0.95), 50*time.Millisecond)
	r.add("ratio of p95", float64(percentile(goals, 0.95))/float64(percentile(bare, 0.95)), "×", 5)
	return r.write(w)
}
