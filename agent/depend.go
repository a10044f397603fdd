package agent

import (
	"context"
	"errors"
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// waits says that a goal has to wait for others, whose end wakes it. One that
// depends on a goal which did not succeed fails.
func (p *Planner) waits(ctx context.Context, goal aegis.Goal) (bool, error) {
	step := p.startStep("depend")
	open := false
	for _, id := range goal.DependsOn {
		other, err := p.Goals.Goal(ctx, id)
		if err != nil && !errors.Is(err, aegis.ErrNotFound) {
			return false, fmt.Errorf("read goal %s, on which it depends: %w", id, err)
		}
		switch {
		case err != nil:
			goal.Error = fmt.Sprintf("goal %s, on which it depends, is gone", id)
		case other.State == aegis.GoalSucceeded:
			continue
		case other.State.Terminal():
			goal.Error = fmt.Sprintf("goal %s, on which it depends, was not reached: it is %s", id, other.State)
		default:
			open = true
			continue
		}
		goal.State = aegis.GoalFailed
		return true, p.Goals.UpdateGoal(ctx, goal, step.end("refused", goal.Error))
	}
	return open, nil
}
