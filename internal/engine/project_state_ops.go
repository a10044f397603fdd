package engine

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aegisworld/aegis"
)

// importSpec makes a spec of the stack's configuration, without its secrets. The
// real resources are read first, so that a stack that can't be looked at has none.
func (e *projectEngine) importSpec(ctx context.Context, stack aegis.Stack) (aegis.Spec, error) {
	w, err := e.open(ctx, aegis.StackRun{Stack: stack}, reads)
	if err != nil {
		return aegis.Spec{}, err
	}
	defer w.close(ctx)
	if !stack.StateOnly() {
		// A program that does not run, for want of its language or of a value, is
		// found out here and not by the first correction.
		if _, err := w.plan(ctx); err != nil {
			return aegis.Spec{}, err
		}
	}
	parameters, err := w.config.parameters()
	if err != nil {
		return aegis.Spec{}, err
	}
	return aegis.Spec{
		Version: aegis.SpecVersion, Layer: stack.Layer, Environment: stack.Environment, Region: stack.Region,
		Parameters: parameters, Variables: w.config.variables(),
	}, nil
}

// unlock removes the lock with the given id, whoever's it is.
func (e *projectEngine) unlock(ctx context.Context, run aegis.StackRun, lockID string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}$`).MatchString(lockID) {
		return aegis.Invalid("lock_id", "is no id of a lock")
	}
	if run.Stack.StateOnly() {
		return fmt.Errorf("a stack that was adopted by its state has no lock: %w", aegis.ErrConflict)
	}
	w := &pulumiProject{cfg: e.cfg, place: e.place, run: run, keys: e.keys, id: placeID(run.Stack.StackID)}
	defer func() { w.close(ctx) }()
	var err error
	if w.home, w.dir, err = w.place.folders(w.id); err != nil {
		return fmt.Errorf("create the folders of a run: %w", err)
	}
	w.state = &projectState{w: w}
	if err := w.fetch(ctx); err != nil {
		return err
	}
	if err := w.state.files.DeleteState(ctx, w.state.locks()+lockID+".json"); err != nil {
		return fmt.Errorf("remove lock: %w", err)
	}
	return nil
}

// repair heals the copied state.
func (w *pulumiProject) repair(ctx context.Context) ([]string, error) {
	healed, err := w.inner.repair(ctx, w.run)
	if w.state.orphans {
		healed = append([]string{"orphaned lock removed"}, healed...)
	}
	return healed, err
}

func (e *projectEngine) repair(ctx context.Context, run aegis.StackRun) ([]string, error) {
	if run.FencingToken == 0 {
		return nil, fmt.Errorf("repair without a lease: %w", aegis.ErrLeaseHeld)
	}
	w, err := e.open(ctx, run, writes)
	if err != nil {
		return nil, err
	}
	defer w.close(ctx)
	healed, err := w.repair(ctx)
	if err != nil {
		return healed, err
	}
	return healed, w.state.commit(ctx)
}

func (e *projectEngine) outputs(ctx context.Context, run aegis.StackRun) (map[string]any, error) {
	w, err := e.open(ctx, run, reads)
	if err != nil {
		return nil, err
	}
	defer w.close(ctx)
	return w.inner.outputs(ctx, w.run)
}

func (e *projectEngine) resources(ctx context.Context, run aegis.StackRun) ([]aegis.IndexedResource, error) {
	w, err := e.open(ctx, run, reads)
	if err != nil {
		return nil, err
	}
	defer w.close(ctx)
	return w.inner.resources(ctx, w.run)
}

func (e *projectEngine) snapshot(ctx context.Context, run aegis.StackRun) (Snapshot, error) {
	w, err := e.open(ctx, run, reads)
	if err != nil {
		return Snapshot{}, err
	}
	defer w.close(ctx)
	return w.inner.snapshot(ctx, w.run)
}

func (e *projectEngine) restore(ctx context.Context, run aegis.StackRun, snap Snapshot) error {
	w, err := e.open(ctx, run, writes)
	if err != nil {
		return err
	}
	defer w.close(ctx)
	if err := w.inner.restore(ctx, w.run, snap); err != nil {
		return err
	}
	return w.state.commit(ctx)
}
