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

const (
	// estateStacks are five layers in three regions.
	estateStacks = 15
	// estateWait ends a wait for an estate that does not converge.
	estateWait = 30 * time.Minute
)

// Estate starts a sandbox, which start does, with the full estate and reports
// how long it takes to converge from nothing, how long a look at all of it takes
// once nothing is left to do, how long it takes to destroy, and the memory of all
// processes.
func Estate(ctx context.Context, start func(context.Context) (*e2e.Process, error), w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, estateWait)
	defer cancel()
	peak := watchMemory(ctx)
	begun := time.Now()
	p, err := start(ctx)
	if err != nil {
		return err
	}
	c := client.New(p.URL, p.Token)
	if err := e2e.AwaitEstate(ctx, c, estateStacks); err != nil {
		return fmt.Errorf("make the estate: %w", err)
	}
	made := time.Since(begun)

	begun = time.Now()
	resources, err := lookAgain(ctx, c)
	if err != nil {
		return err
	}
	again := time.Since(begun)
	if err := letGo(ctx, c); err != nil {
		return err
	}
	begun = time.Now()
	if err := tearDown(ctx, c); err != nil {
		return err
	}
	gone := time.Since(begun)
	r := report{title: "Full estate in three regions, from nothing"}
	r.atLeast("resources", float64(resources), "", 250)
	r.add("converged", made.Seconds(), "s", 600)
	r.add("all looked at again, nothing to do", again.Seconds(), "s", 60)
	r.add("destroyed, stack by stack", gone.Seconds(), "s", 600)
	r.add("peak memory of all processes", float64(peak())/(1<<20), "MiB", 6<<10)
	return r.write(w)
}

// lookAgain has each stack looked at and returns how many resources they have;
// one that is not clean then is an error.
func lookAgain(ctx context.Context, c *client.Client) (resources int, err error) {
	list, err := c.Stacks(ctx, aegis.Page{Limit: 500})
	if err != nil {
		return 0, fmt.Errorf("list stacks: %w", err)
	}
	for _, s := range list.Items {
		if _, err := c.ReconcileStack(ctx, s.StackID); err != nil {
			return 0, fmt.Errorf("ask for a look at stack %s: %w", s.StackID, err)
		}
	}
	for _, before := range list.Items {
		resources += before.ResourceCount
		err := e2e.Await(ctx, "a look at stack "+before.StackID, func(ctx context.Context) (bool, error) {
			s, err := c.Stack(ctx, before.StackID)
			if err != nil || s.LastReconciledAt == nil || !s.LastReconciledAt.After(*before.LastReconciledAt) {
				return false, err
			}
			if s.State != aegis.StackClean {
				return false, fmt.Errorf("it is %s %s: %w", s.State, s.Error, ErrBound)
			}
			return true, nil
		})
		if err != nil {
			return 0, err
		}
	}
	return resources, nil
}

// letGo makes every stack one that may be destroyed, with its databases and tables.
func letGo(ctx context.Context, c *client.Client) error {
	list, err := c.Stacks(ctx, aegis.Page{Limit: 500})
	if err != nil {
		return fmt.Errorf("list stacks: %w", err)
	}
	sets := make([]string, 0, len(list.Items))
	for _, s := range list.Items {
		patch := map[string]any{"deletable": true}
		if s.Layer == aegis.LayerData {
			patch["databases"] = map[string]any{"main": map[string]any{"deletable": true}}
			patch["tables"] = map[string]any{"locks": map[string]any{"deletable": true}}
		}
		cs, err := c.SetStackVariables(ctx, s.StackID, client.VariableChange{MergePatch: patch})
		if err != nil {
			return fmt.Errorf("let stack %s go: %w", s.StackID, err)
		}
		sets = append(sets, cs.ChangeSetID)
	}
	for _, id := range sets {
		cs, err := e2e.AwaitChangeSet(ctx, c, id)
		if err != nil {
			return fmt.Errorf("let a stack go: %w", err)
		}
		if cs.PromotionState != aegis.StatePromoted {
			return fmt.Errorf("let %v go: %s %s %v: %w", cs.Target.StackIDs, cs.PromotionState, cs.Error, cs.Denials, ErrBound)
		}
	}
	return nil
}

// tearDown destroys all stacks.
func tearDown(ctx context.Context, c *client.Client) error {
	t, err := c.Teardown(ctx)
	if err != nil {
		return fmt.Errorf("plan the teardown: %w", err)
	}
	err = e2e.Await(ctx, "the estate to go", t.Step)
	if err != nil {
		return fmt.Errorf("destroy the estate: %w", err)
	}
	for _, l := range t.Left() {
		return fmt.Errorf("stack %s is left, %s: %s: %w", l.StackID, l.State, l.Error, ErrBound)
	}
	return nil
}
