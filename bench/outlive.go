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

// outlives is how often the process is killed while it carries out one goal.
const outlives = 5

// longGoal is a goal of several tasks.
const longGoal = "make checkout survive losing us-east-1, under $3,000 a month more, by Friday"

// outlived is what came of a goal whose process was killed again and again.
type outlived struct {
	kills, tasks int
	took         time.Duration
	damage       []string
}

// outlive kills the process whenever a goal has moved on, and compares what comes of
// it with what its preview said.
func outlive(ctx context.Context, p *e2e.Process) (out outlived, next *e2e.Process, err error) {
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return out, nil, fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	spec := aegis.GoalSpec{Intent: longGoal}
	api := client.New(p.URL, p.Token)
	want, err := api.PreviewGoal(ctx, spec)
	if err != nil {
		return out, nil, fmt.Errorf("preview the goal: %w", err)
	}
	goal, err := api.CreateGoal(ctx, spec)
	if err != nil {
		return out, nil, fmt.Errorf("submit the goal: %w", err)
	}
	began, last := time.Now(), 0
	for out.kills < outlives {
		ended, moved, err := movedOn(ctx, pool, goal.GoalID, last)
		if err != nil || ended {
			return out, next, errors.Join(err, fewKills(out.kills))
		}
		last = moved
		if err := p.Kill(); err != nil {
			return out, next, err
		}
		if p, err = p.Restart(ctx); err != nil {
			return out, next, fmt.Errorf("restart: %w", err)
		}
		out.kills, next = out.kills+1, p
		pool.Reset()
	}
	api = client.New(p.URL, p.Token)
	if goal, err = e2e.AwaitGoal(ctx, api, goal.GoalID); err != nil {
		return out, next, err
	}
	out.took = time.Since(began)
	out.tasks, out.damage = len(goal.Plan.Tasks), differences(want, goal)
	return out, next, nil
}

func fewKills(n int) error { return fmt.Errorf("the goal had ended after %d kills", n) }

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

// differences are in what a goal came to something else than its preview said.
func differences(want aegis.GoalPreview, goal aegis.Goal) (damage []string) {
	if goal.State != aegis.GoalSucceeded {
		damage = append(damage, fmt.Sprintf("it %s: %s", goal.State, goal.Error))
	}
	if len(goal.Plan.Tasks) != len(want.Plan.Tasks) || len(goal.ChangeSetIDs) != len(goal.Plan.Tasks) {
		return append(damage, fmt.Sprintf("%d tasks with %d change sets, %d were previewed", len(goal.Plan.Tasks), len(goal.ChangeSetIDs), len(want.Plan.Tasks)))
	}
	for i, task := range goal.Plan.Tasks {
		previewed := want.Plan.Tasks[i]
		same := task.Summary == previewed.Summary && len(task.Patches) == len(previewed.Patches)
		for j := 0; same && j < len(task.Patches); j++ {
			same = task.Patches[j].StackID == previewed.Patches[j].StackID && string(task.Patches[j].MergePatch) == string(previewed.Patches[j].MergePatch)
		}
		if !same {
			damage = append(damage, fmt.Sprintf("task %s does something else than was previewed", task.TaskID))
		}
	}
	if goal.Result == nil || len(goal.Result.Achieved) != len(goal.Plan.Tasks) {
		damage = append(damage, "its result does not tell of every task")
	}
	return damage
}
