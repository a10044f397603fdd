package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// Latency sends n goals, one after the other, to a converged small estate and
// reports the time from goal to promoted that is neither an engine's nor a
// soak's.
func Latency(ctx context.Context, p *e2e.Process, n int, w io.Writer) error {
	c := client.New(p.URL, p.Token)
	var own, total []time.Duration
	for i := range n {
		all, ours, err := goalLatency(ctx, c, fmt.Sprintf("set setting bench to %d everywhere", time.Now().UnixNano()+int64(i)))
		if err != nil {
			return err
		}
		total, own = append(total, all), append(own, ours)
	}
	r := report{title: fmt.Sprintf("Goal to promoted, %d goals over three regions", n)}
	r.duration("in all p50", percentile(total, 0.5), 0)
	r.duration("without engine and soak p50", percentile(own, 0.5), 0)
	r.duration("without engine and soak p95", percentile(own, 0.95), time.Second)
	return r.write(w)
}

func goalLatency(ctx context.Context, c *client.Client, intent string) (all, ours time.Duration, err error) {
	goal, err := c.CreateGoal(ctx, aegis.GoalSpec{Intent: intent})
	if err != nil {
		return 0, 0, fmt.Errorf("submit %q: %w", intent, err)
	}
	if goal, err = e2e.AwaitGoal(ctx, c, goal.GoalID); err != nil {
		return 0, 0, err
	}
	if goal.State != aegis.GoalSucceeded || len(goal.ChangeSetIDs) != 1 {
		return 0, 0, fmt.Errorf("goal %q ended %s with %d change sets: %s", intent, goal.State, len(goal.ChangeSetIDs), goal.Error)
	}
	cs, err := c.ChangeSet(ctx, goal.ChangeSetIDs[0])
	if err != nil {
		return 0, 0, fmt.Errorf("read change set: %w", err)
	}
	task, err := c.Trace(ctx, cs.TraceID)
	if err != nil {
		return 0, 0, fmt.Errorf("read trace: %w", err)
	}
	all = cs.UpdatedAt.Sub(goal.CreatedAt)
	ours = all
	for _, step := range task.Steps {
		ours -= time.Duration(step.EngineMS+step.WaitMS) * time.Millisecond
	}
	return all, ours, nil
}
