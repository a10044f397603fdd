package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/postgres"
)

const (
	// pickUps goals are asked for at pickUpRate a second while sessions are open.
	pickUps, pickUpRate = 1000, 50
	// followers of open sessions read their events meanwhile.
	followers = 100
	// memoryBound is for the process that serves and works.
	memoryBound = 1 << 30
	pickUpBound = 250 * time.Millisecond
)

// Sessions opens goals that wait for one that never ends, and reports how long new
// goals wait for a worker beside them, and the memory of the process that serves
// and works.
func Sessions(ctx context.Context, p *e2e.Process, sessions int, w io.Writer) error {
	db, err := postgres.Open(ctx, p.DatabaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := pgx.Connect(ctx, p.DatabaseURL)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	peak := sampled(ctx, func() uint64 { return processMemory(p.PID()) })
	api := client.New(p.URL, p.Token)
	began := time.Now()
	open, err := openSessions(ctx, db, api, sessions)
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	opened := time.Since(began)
	if err := untilQuiet(ctx, conn); err != nil {
		return err
	}
	following, leave := context.WithCancel(ctx)
	defer leave()
	for _, id := range open[:min(followers, len(open))] {
		go func() { _ = api.FollowGoal(following, id, func(aegis.Event) error { return nil }) }()
	}
	waits, err := pickedUp(ctx, conn, api)
	if err != nil {
		return err
	}
	r := report{title: fmt.Sprintf("%d open goals, %d of them followed, and %d new ones at %d/s", sessions, min(followers, sessions), pickUps, pickUpRate)}
	r.add("opened", float64(sessions)/opened.Seconds(), "/s", 0)
	r.duration("new goal picked up p50", percentile(waits, 0.5), 0)
	r.duration("new goal picked up p95", percentile(waits, 0.95), 0)
	r.duration("new goal picked up p99", percentile(waits, 0.99), pickUpBound)
	r.add("memory of the process", float64(peak())/(1<<20), "MiB", memoryBound>>20)
	return r.write(w)
}

// openSessions asks for goals that depend on one which waits for itself.
func openSessions(ctx context.Context, db *postgres.DB, api *client.Client, n int) ([]string, error) {
	blocker := aegis.Goal{State: aegis.GoalAccepted, Submitter: "bench", GoalSpec: aegis.GoalSpec{
		GoalID: aegis.NewID(aegis.GoalPrefix, time.Now()), Intent: "wait",
	}}
	blocker.DependsOn = []string{blocker.GoalID}
	if err := db.CreateGoal(ctx, blocker, ""); err != nil {
		return nil, err
	}
	ids := make([]string, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i := range n {
		group.Go(func() error {
			goal, err := api.CreateGoalAgain(ctx, aegis.GoalSpec{Intent: "keep logs for 90 days everywhere", DependsOn: []string{blocker.GoalID}})
			ids[i] = goal.GoalID
			return err
		})
	}
	return ids, group.Wait()
}

// untilQuiet waits until every goal has been looked at.
func untilQuiet(ctx context.Context, conn *pgx.Conn) error {
	for {
		var jobs int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE kind = 'goal' AND finalized_at IS NULL`).Scan(&jobs)
		if err != nil {
			return fmt.Errorf("count jobs: %w", err)
		}
		if jobs == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// pickedUp asks for goals and returns how long each waited for a worker, by the
// database's clock.
func pickedUp(ctx context.Context, conn *pgx.Conn, api *client.Client) ([]time.Duration, error) {
	ids := make([]string, pickUps)
	_, err := paced(ctx, pickUps, time.Second/pickUpRate, func(ctx context.Context, i int) error {
		goal, err := api.CreateGoalAgain(ctx, aegis.GoalSpec{Intent: "keep logs for 90 days everywhere"})
		ids[i] = goal.GoalID
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask for goals: %w", err)
	}
	if err := untilQuiet(ctx, conn); err != nil {
		return nil, err
	}
	rows, _ := conn.Query(ctx, `
		SELECT extract(epoch FROM attempted_at - created_at)::float8 FROM river_job
		WHERE kind = 'goal' AND args ->> 'goal_id' = ANY ($1)`, ids)
	seconds, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	if err != nil {
		return nil, fmt.Errorf("read when goals were picked up: %w", err)
	}
	waits := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		waits[i] = time.Duration(s * float64(time.Second))
	}
	return waits, nil
}
