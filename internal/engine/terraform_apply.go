package engine

import (
	"context"
	"errors"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aegisworld/aegis"
)

// apply makes a plan file, has it judged, and applies that file.
func (t *terraformEngine) apply(ctx context.Context, run aegis.StackRun, judged string) (aegis.ApplyResult, error) {
	res := aegis.ApplyResult{StackID: run.Stack.StackID}
	w, err := t.open(ctx, run, writes)
	if err != nil {
		return res, err
	}
	defer w.close()
	snap, healed, err := w.heal(ctx)
	if err != nil {
		return res, err
	}
	res.Healed = healed
	j, err := t.cfg.newJudge(run, judged, snap, nil)
	if err != nil {
		return res, err
	}
	err = w.holding(ctx, func() error {
		p, broken, err := w.planLocked(ctx)
		if err != nil {
			return err
		}
		if broken {
			res.Healed = append(res.Healed, "orphaned lock removed")
		}
		if err := j.allow(ctx, w.normalise(p)); err != nil {
			return err
		}
		if !w.changes {
			return w.catchUp(ctx)
		}
		log := &tfLog{run: run}
		if _, err := w.terraform(ctx, log, "apply", "-json", "-input=false", "-auto-approve", lockTimeout, w.planFile()); err != nil {
			return w.failure("apply", err, log)
		}
		return nil
	})
	err = errors.Join(err, w.local.commit())
	if err := j.finish(ctx, err, w.pull); err != nil {
		return res, err
	}
	state, err := decodeState(j.snap.After)
	if err != nil {
		return res, err
	}
	res.ResourceCount, res.Outputs = state.managed(), state.outputs()
	res.Checks, res.Resources = checksOf(res.Outputs), state.index(run.Stack)
	return res, nil
}

// catchUp lets the state say what is real of the targets, with which the
// configuration agrees. Nothing else is written.
func (w *tfWorkspace) catchUp(ctx context.Context) error {
	if !w.run.Refresh || len(w.run.Targets) == 0 {
		return nil
	}
	args := append([]string{"apply", "-json", "-input=false", "-auto-approve", "-refresh-only", lockTimeout}, w.varArgs()...)
	for _, address := range w.run.Targets {
		args = append(args, "-target="+address)
	}
	log := &tfLog{run: w.run}
	if _, err := w.terraform(ctx, log, args...); err != nil {
		return w.failure("bring the state up to date", err, log)
	}
	return nil
}

// planLocked plans under the state's lock. A lock in the way is removed when it
// is proven to be one of ours.
func (w *tfWorkspace) planLocked(ctx context.Context) (p *tfjson.Plan, broken bool, err error) {
	p, err = w.plan(ctx, lockTimeout)
	held, ok := errors.AsType[*LockedError](err)
	if !ok || !w.ours(held.Lock) {
		return p, false, err
	}
	if err := w.forceUnlock(ctx, held.Lock.LockID); err != nil {
		return nil, false, err
	}
	p, err = w.plan(ctx, lockTimeout)
	return p, true, err
}

// adopt imports one existing resource into the state.
func (t *terraformEngine) adopt(ctx context.Context, run aegis.StackRun, address, id string) error {
	w, err := t.open(ctx, run, writes)
	if err != nil {
		return err
	}
	defer w.close()
	snap, err := w.pull(ctx)
	j, err := t.cfg.newJudge(run, "", snap, err)
	if err != nil {
		return err
	}
	if err := j.allow(ctx, aegis.Plan{StackID: run.Stack.StackID}); err != nil {
		return err
	}
	err = w.holding(ctx, func() error { return w.importOne(ctx, address, id) })
	return j.finish(ctx, errors.Join(err, w.local.commit()), w.pull)
}

func (w *tfWorkspace) importOne(ctx context.Context, address, id string) error {
	args := append([]string{"import", "-input=false", "-no-color", lockTimeout}, w.varArgs()...)
	if _, err := w.terraform(ctx, nil, append(args, address, id)...); err != nil {
		return w.failure(fmt.Sprintf("import %s as %s", id, address), err, nil)
	}
	return nil
}
