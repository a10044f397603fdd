package e2e

import (
	"context"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// pollInterval is the time between two looks at what a test waits for.
const pollInterval = 100 * time.Millisecond

// Await looks until done says so, an error comes, or ctx ends.
func Await(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}

// AwaitGoal returns the goal once its state is terminal.
func AwaitGoal(ctx context.Context, c *client.Client, id string) (goal aegis.Goal, err error) {
	err = Await(ctx, "goal "+id, func(ctx context.Context) (bool, error) {
		goal, err = c.Goal(ctx, id)
		return goal.State.Terminal(), err
	})
	return goal, err
}

// AwaitChangeSet returns the change set once its state is terminal.
func AwaitChangeSet(ctx context.Context, c *client.Client, id string) (cs aegis.AutonomousChangeSet, err error) {
	err = Await(ctx, "change set "+id, func(ctx context.Context) (bool, error) {
		cs, err = c.ChangeSet(ctx, id)
		return cs.PromotionState.Terminal(), err
	})
	return cs, err
}

// AwaitEstate returns once there are at least n stacks and all are clean. A
// failed change set of the bootstrap ends the wait with its error.
func AwaitEstate(ctx context.Context, c *client.Client, n int) error {
	return Await(ctx, "the estate to converge", func(ctx context.Context) (bool, error) {
		stacks, err := c.Stacks(ctx, aegis.Page{Limit: 500})
		if err != nil {
			return false, err
		}
		clean := 0
		for _, s := range stacks.Items {
			if s.State == aegis.StackClean {
				clean++
			}
		}
		failed, err := c.ChangeSets(ctx, aegis.ChangeSetFilter{Source: aegis.SourceBootstrap, State: aegis.StateFailed}, aegis.Page{})
		if err != nil {
			return false, err
		}
		if len(failed.Items) > 0 {
			return false, fmt.Errorf("change set %s failed: %s", failed.Items[0].ChangeSetID, failed.Items[0].Error)
		}
		return clean >= n && clean == len(stacks.Items), nil
	})
}
