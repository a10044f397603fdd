package engine

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aegisworld/aegis"
)

// apply makes a plan file, has it judged, and applies that file.
func (t *terraformEngine) apply(ctx context.Context, run aegis.StackRun, judged string) (aegis.ApplyResult, error) {
	res := aegis.ApplyResult{StackID: run.Stack.StackID}
	w, err := t.open(ctx, run)
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
	p, unlocked, err := w.planLocked(ctx)
	if err != nil {
		return res, err
	}
	if unlocked {
		res.Healed = append(res.Healed, "orphaned lock removed")
	}
	if err := j.allow(ctx, w.normalise(p)); err != nil {
		return res, err
	}
	if w.changes {
		log := &tfLog{run: run}
		if err := w.tf.ApplyJSON(ctx, log, tfexec.DirOrPlan(w.planFile())); err != nil {
			return res, j.finish(ctx, w.failure("apply", err, log), w.pull)
		}
	}
	if err := j.finish(ctx, nil, w.pull); err != nil {
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

// planLocked plans under the state's lock. A lock in the way is removed when
// the caller's lease proves its owner dead.
func (w *tfWorkspace) planLocked(ctx context.Context) (p *tfjson.Plan, unlocked bool, err error) {
	p, err = w.plan(ctx)
	id := lockID(err)
	if id == "" || w.run.FencingToken == 0 {
		return p, false, err
	}
	if err := w.tf.ForceUnlock(ctx, id); err != nil {
		return nil, false, w.failure("remove lock", err, nil)
	}
	p, err = w.plan(ctx)
	return p, true, err
}

// lockID finds the lock's id in Terraform's complaint about it.
func lockID(err error) string {
	if err == nil {
		return ""
	}
	m := regexp.MustCompile(`(?s)Error acquiring the state lock.*?\bID:\s+(\S+)`).FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	return m[1]
}

// adopt imports one existing resource into the state.
func (t *terraformEngine) adopt(ctx context.Context, run aegis.StackRun, address, id string) error {
	w, err := t.open(ctx, run)
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
	return j.finish(ctx, w.importOne(ctx, address, id), w.pull)
}

func (w *tfWorkspace) importOne(ctx context.Context, address, id string) error {
	if err := w.tf.Import(ctx, address, id, tfexec.VarFile(w.varFile())); err != nil {
		return w.failure(fmt.Sprintf("import %s as %s", id, address), err, nil)
	}
	return nil
}
