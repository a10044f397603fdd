package drift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// maxTries is how often the change set that makes a stack may end badly before
// people have to look.
const maxTries = 5

// Desired is a stack that the estate should have.
type Desired struct {
	StackID   string
	Spec      aegis.Spec
	DependsOn []string
}

// convergeStore is what the Converger reads and writes.
type convergeStore interface {
	Stack(ctx context.Context, stackID string) (aegis.Stack, error)
	UpsertStack(ctx context.Context, stack aegis.Stack) error
	ChangeSets(ctx context.Context, filter aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error)
	EnqueueReconcile(ctx context.Context, stackID string) error
}

// backend lists the stacks that engine state exists for, by stack id.
type backend interface {
	StateStacks(ctx context.Context) ([]string, error)
}

// proposer is the one door.
type proposer interface {
	Propose(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error)
}

// Converger brings an estate into being: it registers the stacks that should
// exist, hands those that `pulumi up` already made to the Reconciler, and
// proposes each of the others once what it depends on exists. A layer is made in
// one region first, the last that can be: what is wrong with it shows there. Then
// it is made in the others at the same time.
type Converger struct {
	// Store, Backend and Door are required; a nil Backend finds no state.
	Store   convergeStore
	Backend backend
	Door    proposer
	Log     *slog.Logger
	// Environment is whose stacks Discover takes in.
	Environment string
	// Interval is the time between looks; 0 is half a second.
	Interval time.Duration
}

// Run looks again and again until every desired stack has a revision or ctx
// ends. Errors are logged and tried again.
func (c *Converger) Run(ctx context.Context, desired []Desired) error {
	interval := c.Interval
	if interval == 0 {
		interval = 500 * time.Millisecond
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	registered, last := false, ""
	for {
		done, err := c.pass(ctx, desired, &registered)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("converge the estate: %w", ctx.Err())
		case err != nil && err.Error() != last:
			last = err.Error()
			c.Log.WarnContext(ctx, "estate did not converge yet", "error", err)
		case done:
			c.Log.InfoContext(ctx, "estate converged", "stacks", len(desired))
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (c *Converger) pass(ctx context.Context, desired []Desired, registered *bool) (done bool, err error) {
	if !*registered {
		if err := c.register(ctx, desired); err != nil {
			return false, err
		}
		*registered = true
	}
	revision := map[string]int64{}
	for _, d := range desired {
		stack, err := c.Store.Stack(ctx, d.StackID)
		if err != nil {
			return false, fmt.Errorf("read stack %s: %w", d.StackID, err)
		}
		revision[d.StackID] = stack.Revision
	}
	done = true
	var faults []error
	for _, layer := range byLayer(desired) {
		missing := slices.DeleteFunc(slices.Clone(layer), func(d Desired) bool { return revision[d.StackID] > 0 })
		done = done && len(missing) == 0
		ready := slices.DeleteFunc(slices.Clone(missing), func(d Desired) bool {
			return slices.ContainsFunc(d.DependsOn, func(id string) bool { return revision[id] == 0 })
		})
		if len(missing) == len(layer) && len(ready) > 0 {
			ready = ready[len(ready)-1:]
		}
		for _, d := range ready {
			faults = append(faults, c.propose(ctx, d))
		}
	}
	return done, errors.Join(faults...)
}

// register inserts rows for the desired stacks and asks for an import of those
// that have state already.
func (c *Converger) register(ctx context.Context, desired []Desired) error {
	existing, err := c.stateStacks(ctx)
	if err != nil {
		return err
	}
	for _, d := range desired {
		_, err := c.Store.Stack(ctx, d.StackID)
		if err == nil {
			continue
		}
		if !errors.Is(err, aegis.ErrNotFound) {
			return fmt.Errorf("read stack %s: %w", d.StackID, err)
		}
		err = c.Store.UpsertStack(ctx, aegis.Stack{
			StackID: d.StackID, Kind: aegis.TargetPulumiStack, Environment: d.Spec.Environment, Layer: d.Spec.Layer,
			Region: d.Spec.Region, State: aegis.StackPending, DependsOn: d.DependsOn,
		})
		if err != nil {
			return fmt.Errorf("register stack %s: %w", d.StackID, err)
		}
		if slices.Contains(existing, d.StackID) {
			if err := c.Store.EnqueueReconcile(ctx, d.StackID); err != nil {
				return fmt.Errorf("ask for the import of stack %s: %w", d.StackID, err)
			}
		}
	}
	return nil
}

func (c *Converger) stateStacks(ctx context.Context) ([]string, error) {
	if c.Backend == nil {
		return nil, nil
	}
	ids, err := c.Backend.StateStacks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list engine state: %w", err)
	}
	return ids, nil
}

// propose proposes a stack, unless a change set for it is on its way or too many
// have failed.
func (c *Converger) propose(ctx context.Context, d Desired) error {
	open, tries, err := c.history(ctx, d.StackID)
	if err != nil || open {
		return err
	}
	if tries >= maxTries {
		return fmt.Errorf("create stack %s: %d change sets ended badly; see `aegis change list --stack %s`", d.StackID, tries, d.StackID)
	}
	_, err = c.Door.Propose(ctx, aegis.AutonomousChangeSet{
		Source: aegis.SourceBootstrap, Actor: "aegis", Summary: fmt.Sprintf("Create layer %s in %s", d.Spec.Layer, d.Spec.Region),
		Target:  aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{d.StackID}},
		Patches: []aegis.SpecPatch{{StackID: d.StackID, MergePatch: d.Spec.Parameters}},
	})
	if err != nil {
		return fmt.Errorf("propose stack %s: %w", d.StackID, err)
	}
	return nil
}

func (c *Converger) history(ctx context.Context, stackID string) (open bool, tries int, err error) {
	sets, _, err := c.Store.ChangeSets(ctx, aegis.ChangeSetFilter{StackID: stackID}, aegis.Page{Limit: maxTries + 1})
	if err != nil {
		return false, 0, fmt.Errorf("list change sets of stack %s: %w", stackID, err)
	}
	for _, cs := range sets {
		if !cs.PromotionState.Terminal() {
			return true, 0, nil
		}
		tries++
	}
	return false, tries, nil
}

// byLayer groups stacks by layer, in the order of their first appearance.
func byLayer(desired []Desired) [][]Desired {
	var order []string
	groups := map[string][]Desired{}
	for _, d := range desired {
		if _, ok := groups[d.Spec.Layer]; !ok {
			order = append(order, d.Spec.Layer)
		}
		groups[d.Spec.Layer] = append(groups[d.Spec.Layer], d)
	}
	layers := make([][]Desired, len(order))
	for i, name := range order {
		layers[i] = groups[name]
	}
	return layers
}
