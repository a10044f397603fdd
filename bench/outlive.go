package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// outlived is what came of a goal whose process was killed on its way.
type outlived struct {
	told                telling
	kills, tasks, calls int
	usdMonth, usdRun    float64
	took                time.Duration
	damage              []string
}

// outlive submits a goal that a model has to read, kills the process while the model is
// asked and whenever the goal has moved on, and compares what comes of it with the
// preview of the same goal in the planner's own words, which needs no model.
func outlive(ctx context.Context, p *e2e.Process, reader *Reader, told telling) (out outlived, next *e2e.Process, err error) {
	out.told = told
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return out, nil, fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	api := client.New(p.URL, p.Token)
	want, err := api.PreviewGoal(ctx, aegis.GoalSpec{Intent: told.plain})
	if err != nil {
		return out, nil, fmt.Errorf("preview the goal: %w", err)
	}
	goal, err := api.CreateGoal(ctx, aegis.GoalSpec{Intent: told.intent})
	if err != nil {
		return out, nil, fmt.Errorf("submit the goal: %w", err)
	}
	began := time.Now()
	if err := asked(ctx, reader, told); err != nil {
		return out, nil, err
	}
	for moved := 0; out.kills < told.kills; pool.Reset() {
		ended, now, err := movedOn(ctx, pool, goal.GoalID, moved)
		if err != nil || ended {
			return out, next, errors.Join(err, fewKills(out.kills))
		}
		moved = now
		if err := p.Kill(); err != nil {
			return out, next, err
		}
		if p, err = p.Restart(ctx); err != nil {
			return out, next, fmt.Errorf("restart: %w", err)
		}
		out.kills, next = out.kills+1, p
	}
	end, err := ending(ctx, p, goal.GoalID)
	if err != nil {
		return out, next, err
	}
	out.took, out.calls = time.Since(began), reader.calls(told)
	out.tasks, out.damage = len(want.Plan.Tasks), end.differences(want, told)
	if out.calls != 2 { // the one that the first kill cut off, and the one that was answered
		out.damage = append(out.damage, fmt.Sprintf("the model was asked %d times", out.calls))
	}
	if r := end.goal.Result; r != nil {
		out.usdMonth, out.usdRun = r.USDMonth, r.USDRun
	}
	return out, next, nil
}

func fewKills(n int) error { return fmt.Errorf("the goal had ended after %d kills", n) }

// asked waits until the model of a telling is asked to read it.
func asked(ctx context.Context, reader *Reader, told telling) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pointBound, errors.New("no model is asked"))
	defer cancel()
	return e2e.Await(ctx, "a model to be asked", func(context.Context) (bool, error) { return reader.calls(told) > 0, nil })
}

// movedOn waits until more has happened to a goal and its change sets than before.
func movedOn(ctx context.Context, pool *pgxpool.Pool, goalID string, before int) (ended bool, now int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pointBound, errors.New("the goal moves no more"))
	defer cancel()
	err = e2e.Await(ctx, "the goal to move on", func(ctx context.Context) (bool, error) {
		err := pool.QueryRow(ctx, `
			SELECT state NOT IN ('accepted', 'planning', 'running'),
				(SELECT count(*) FROM events e WHERE e.goal_id = g.goal_id) FROM goals g WHERE goal_id = $1`, goalID).Scan(&ended, &now)
		return ended || now > before, err
	})
	return ended, now, err
}
