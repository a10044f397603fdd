package drift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
)

// discoverInterval is the time between two looks for stacks that `pulumi up`
// made.
const discoverInterval = 5 * time.Second

// Discover looks for engine state of the environment, registers its stack
// where there is none, and asks for a reconcile, which imports the spec, until
// there is a revision: state appears before `pulumi up` is done. It goes on
// until ctx ends; errors are logged and tried again.
func (c *Converger) Discover(ctx context.Context) error {
	tick := time.NewTicker(discoverInterval)
	defer tick.Stop()
	for {
		if err := c.discover(ctx); err != nil && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "could not look for new stacks", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *Converger) discover(ctx context.Context) error {
	ids, err := c.stateStacks(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, id := range ids {
		name, err := aegis.ParseStackID(id)
		if err != nil || name.Environment != c.Environment {
			continue
		}
		faults = append(faults, c.takeIn(ctx, name))
	}
	return errors.Join(faults...)
}

func (c *Converger) takeIn(ctx context.Context, name aegis.StackName) error {
	id := name.String()
	stack, err := c.Store.Stack(ctx, id)
	switch {
	case err == nil && stack.Revision > 0:
		return nil
	case err == nil:
		return c.Store.EnqueueReconcile(ctx, id)
	case !errors.Is(err, aegis.ErrNotFound):
		return fmt.Errorf("read stack %s: %w", id, err)
	}
	err = c.Store.UpsertStack(ctx, aegis.Stack{
		StackID: id, Kind: aegis.TargetPulumiStack, Environment: name.Environment, Layer: name.Layer, Region: name.Region,
		State: aegis.StackPending,
	})
	if err != nil {
		return fmt.Errorf("register stack %s: %w", id, err)
	}
	c.Log.InfoContext(ctx, "took in a stack", "stack_id", id)
	return c.Store.EnqueueReconcile(ctx, id)
}
