package engine

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aegisworld/aegis"
)

func (t *terraformEngine) preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	w, err := t.open(ctx, run)
	if err != nil {
		return aegis.Plan{}, err
	}
	defer w.close()
	p, err := w.plan(ctx, tfexec.Lock(false))
	if err != nil {
		return aegis.Plan{}, err
	}
	plan := w.normalise(p)
	if !w.changes {
		state, err := w.stateNow(ctx)
		if err != nil {
			return aegis.Plan{}, err
		}
		plan.ResourceCount = state.managed()
	}
	return plan, nil
}

// observe plans without a difference between configuration and state, which
// leaves the one between state and reality. Nothing is written.
func (t *terraformEngine) observe(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	w, err := t.open(ctx, run)
	if err != nil {
		return aegis.Observation{}, err
	}
	defer w.close()
	w.run.Refresh, w.run.Destroy = true, false
	opts := []tfexec.PlanOption{tfexec.Lock(false), tfexec.RefreshOnly(true)}
	for _, address := range run.Targets {
		opts = append(opts, tfexec.Target(address))
	}
	p, err := w.plan(ctx, opts...)
	if err != nil {
		return aegis.Observation{}, err
	}
	seen := aegis.Observation{
		StackID: run.Stack.StackID, Drift: []aegis.ResourceChange{},
		Checks: []aegis.Check{}, ObservedAt: t.cfg.Now().UTC(), Targets: run.Targets,
	}
	for _, rc := range p.ResourceDrift {
		if d, ok := w.drift(rc); ok {
			seen.Drift = append(seen.Drift, d)
		}
	}
	sortChanges(seen.Drift)
	state, err := w.stateNow(ctx)
	if err != nil {
		return aegis.Observation{}, err
	}
	seen.ResourceCount, seen.Checks, seen.Resources = state.managed(), checksOf(state.outputs()), state.index(run.Stack)
	return seen, nil
}

// plan makes the plan file and, unless it changes nothing, reads it back.
func (w *tfWorkspace) plan(ctx context.Context, extra ...tfexec.PlanOption) (*tfjson.Plan, error) {
	opts := append([]tfexec.PlanOption{
		tfexec.Out(w.planFile()), tfexec.VarFile(w.varFile()),
		tfexec.Refresh(w.run.Refresh), tfexec.Destroy(w.run.Destroy),
	}, extra...)
	log := &tfLog{}
	var err error
	if w.changes, err = w.tf.PlanJSON(ctx, log, opts...); err != nil {
		return nil, w.failure("plan", err, log)
	}
	if !w.changes {
		return &tfjson.Plan{}, nil
	}
	p, err := w.tf.ShowPlanFile(ctx, w.planFile())
	if err != nil {
		return nil, w.failure("read the plan", err, nil)
	}
	if p.Complete != nil && !*p.Complete && len(p.DeferredChanges) > 0 {
		return nil, errors.New("the plan is incomplete: Terraform deferred changes")
	}
	w.secrets = sensitiveVariables(p)
	return p, nil
}

// sensitiveVariables are the strings in variables that are declared sensitive.
func sensitiveVariables(p *tfjson.Plan) []string {
	if p.Config == nil || p.Config.RootModule == nil {
		return nil
	}
	var found []string
	for name, v := range p.Config.RootModule.Variables {
		if value := p.Variables[name]; v.Sensitive && value != nil {
			collectSecrets(value.Value, true, &found)
		}
	}
	return found
}

// normalise turns Terraform's plan into the common one.
func (w *tfWorkspace) normalise(p *tfjson.Plan) aegis.Plan {
	plan := aegis.Plan{StackID: w.run.Stack.StackID, Changes: []aegis.ResourceChange{}}
	var plainChanges []any
	for _, rc := range p.ResourceChanges {
		if c, ok := w.change(rc); ok {
			plan.Changes = append(plan.Changes, c)
			plainChanges = append(plainChanges, []any{rc.Address, rc.Change.Before, rc.Change.After})
		}
	}
	sortChanges(plan.Changes)
	if p.PlannedValues != nil {
		plan.ResourceCount = countManaged(p.PlannedValues.RootModule)
	}
	plan.Digest = digest(plan.Changes, w.run.Spec, w.cfg.DigestKey, plainChanges...)
	return plan
}

func (w *tfWorkspace) change(rc *tfjson.ResourceChange) (aegis.ResourceChange, bool) {
	action := terraformAction(rc)
	if action == "" || rc.Mode != tfjson.ManagedResourceMode {
		return aegis.ResourceChange{}, false
	}
	c := aegis.ResourceChange{
		StackID: w.run.Stack.StackID, Address: rc.Address, Type: rc.Type, Region: w.run.Stack.Region,
		Action: action, Unknown: []string{}, Sensitive: []string{},
	}
	m := masker{tfType: rc.Type}
	if action != aegis.ActionCreate {
		c.Before = m.object(rc.Change.Before, rc.Change.BeforeSensitive)
	}
	if action != aegis.ActionDelete {
		c.After = m.object(rc.Change.After, rc.Change.AfterSensitive)
		c.Unknown = append(c.Unknown, truePaths("", rc.Change.AfterUnknown)...)
	}
	c.Unknown, c.Sensitive = unique(c.Unknown), append(c.Sensitive, unique(m.sensitive)...)
	return c, true
}

func (w *tfWorkspace) drift(rc *tfjson.ResourceChange) (aegis.ResourceChange, bool) {
	c, ok := w.change(rc)
	if !ok || c.Action == aegis.ActionDelete {
		return c, ok
	}
	before, _ := rc.Change.Before.(map[string]any)
	after, _ := rc.Change.After.(map[string]any)
	var changed []string
	for _, name := range unionKeys(before, after) {
		if !same(before[name], after[name]) {
			changed = append(changed, name)
		}
	}
	return differing(c, changed)
}

func terraformAction(rc *tfjson.ResourceChange) aegis.Action {
	if rc.Change == nil {
		return ""
	}
	switch a := rc.Change.Actions; {
	case a.Replace():
		return aegis.ActionReplace
	case a.Create():
		return aegis.ActionCreate
	case a.Update():
		return aegis.ActionUpdate
	case a.Delete():
		return aegis.ActionDelete
	default:
		return ""
	}
}

func countManaged(m *tfjson.StateModule) int {
	if m == nil {
		return 0
	}
	n := 0
	for _, r := range m.Resources {
		if r.Mode == tfjson.ManagedResourceMode {
			n++
		}
	}
	for _, child := range m.ChildModules {
		n += countManaged(child)
	}
	return n
}
