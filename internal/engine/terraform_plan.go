package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aegisworld/aegis"
)

func (t *terraformEngine) preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	w, err := t.open(ctx, run, reads)
	if err != nil {
		return aegis.Plan{}, err
	}
	defer w.close()
	p, err := w.plan(ctx, unlocked)
	if err != nil {
		return aegis.Plan{}, err
	}
	plan := w.normalise(p)
	if !w.changes || len(run.Targets) > 0 {
		state, err := w.stateNow(ctx)
		if err != nil {
			return aegis.Plan{}, err
		}
		plan.ResourceCount = state.managed()
	}
	return plan, nil
}

// observe compares the real resources, or the targets among them, with the
// state. Nothing is written, no lock taken.
func (t *terraformEngine) observe(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	w, err := t.open(ctx, run, reads)
	if err != nil {
		return aegis.Observation{}, err
	}
	defer w.close()
	if err := w.nobodyAt(ctx); err != nil {
		return aegis.Observation{}, err
	}
	return t.cfg.glance(ctx, run, func(ctx context.Context, _ aegis.StackRun) (aegis.Observation, error) {
		return t.proveClean(ctx, w)
	}, func(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) { return w.look(ctx, run) })
}

// look plans without a difference between configuration and state, which leaves
// the one between state and reality.
func (w *tfWorkspace) look(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	w.run.Refresh, w.run.Destroy = true, false
	p, err := w.plan(ctx, unlocked, "-refresh-only")
	if err != nil {
		return aegis.Observation{}, err
	}
	var drift []aegis.ResourceChange
	if run.Stack.Observed() {
		if err := pendingMoves(p); err != nil {
			return aegis.Observation{}, err
		}
	}
	for _, rc := range p.ResourceDrift {
		if d, ok := w.drift(rc); ok {
			drift = append(drift, d)
		}
	}
	state, err := w.stateNow(ctx)
	if err != nil {
		return aegis.Observation{}, err
	}
	seen := w.observation(state)
	seen.Drift = append(seen.Drift, drift...)
	sortChanges(seen.Drift)
	if len(run.Targets) == 0 {
		w.rememberSight(state)
	}
	return seen, nil
}

// observation is what the state says of a stack without drift.
func (w *tfWorkspace) observation(state tfState) aegis.Observation {
	return aegis.Observation{
		StackID: w.run.Stack.StackID, Drift: []aegis.ResourceChange{}, ObservedAt: w.cfg.Now().UTC(), Targets: w.run.Targets,
		ResourceCount: state.managed(), Checks: checksOf(state.outputs()), Resources: state.index(w.run.Stack),
	}
}

// nobodyAt returns aegis.ErrStateLocked while somebody else is at a remote
// state: what is seen meanwhile means nothing. That of a local one was looked at
// when it was opened.
func (w *tfWorkspace) nobodyAt(ctx context.Context) error {
	if w.local != nil || w.cfg.StateLock == nil {
		return nil
	}
	lock, err := w.cfg.StateLock(ctx, w.run)
	if err != nil || lock == nil {
		return err
	}
	return locked(lockInfo{ID: lock.LockID, Who: lock.Who, Operation: lock.Operation, Created: lock.Created}, w.cfg.Now())
}

// pendingMoves says which resources the configuration has under new names that
// no apply has moved yet: nobody who only looks can tell them from drift.
func pendingMoves(p *tfjson.Plan) error {
	for _, rc := range slices.Concat(p.ResourceChanges, p.ResourceDrift) {
		if moved(rc) {
			return fmt.Errorf("a moved block waits to be applied: %s is %s in the state: %w", rc.Address, rc.PreviousAddress, aegis.ErrInvalid)
		}
	}
	return nil
}

func moved(rc *tfjson.ResourceChange) bool {
	return rc.PreviousAddress != "" && rc.PreviousAddress != rc.Address
}

// unlocked is for plans that nobody applies.
const unlocked = "-lock=false"

// plan makes the plan file and, unless it changes nothing, reads it back.
func (w *tfWorkspace) plan(ctx context.Context, extra ...string) (*tfjson.Plan, error) {
	args := append([]string{
		"plan", "-json", "-input=false", "-detailed-exitcode", "-out=" + w.planFile(),
		fmt.Sprintf("-refresh=%t", w.run.Refresh),
	}, w.varArgs()...)
	if w.run.Destroy {
		args = append(args, "-destroy")
	}
	for _, address := range w.run.Targets {
		args = append(args, "-target="+address)
	}
	log := &tfLog{}
	code, err := w.terraform(ctx, log, append(args, extra...)...)
	w.changes = code == 2
	if err != nil && !w.changes {
		return nil, w.failure("plan", err, log)
	}
	if !w.changes && !w.config.Moves {
		return &tfjson.Plan{}, nil
	}
	p, err := w.shown(ctx)
	if err == nil {
		// Terraform takes a move alone for no change, and applies it nevertheless.
		w.changes = w.changes || slices.ContainsFunc(slices.Concat(p.ResourceChanges, p.ResourceDrift), moved)
	}
	return p, err
}

// shown reads the plan file.
func (w *tfWorkspace) shown(ctx context.Context) (*tfjson.Plan, error) {
	text, err := w.output(ctx, "show", "-json", "-no-color", w.planFile())
	if err != nil {
		return nil, w.failure("read the plan", err, nil)
	}
	p := &tfjson.Plan{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("decode the plan: %w", err)
	}
	if p.Complete != nil && !*p.Complete && len(p.DeferredChanges) > 0 {
		return nil, errors.New("the plan is incomplete: Terraform deferred changes")
	}
	w.secrets, w.regions = sensitiveVariables(p), regionsOf(p)
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
	plan := aegis.Plan{StackID: w.run.Stack.StackID, Changes: []aegis.ResourceChange{}, Outputs: otherOutputs(p)}
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

// otherOutputs says that the plan gives the workspace other outputs.
func otherOutputs(p *tfjson.Plan) bool {
	for _, c := range p.OutputChanges {
		if !c.Actions.NoOp() {
			return true
		}
	}
	return false
}

func (w *tfWorkspace) change(rc *tfjson.ResourceChange) (aegis.ResourceChange, bool) {
	action := terraformAction(rc)
	if action == "" && moved(rc) && rc.Mode == tfjson.ManagedResourceMode {
		return w.move(rc), true
	}
	if action == "" || rc.Mode != tfjson.ManagedResourceMode {
		return aegis.ResourceChange{}, false
	}
	c := aegis.ResourceChange{
		StackID: w.run.Stack.StackID, Address: rc.Address, Type: rc.Type, Region: w.regions.of(rc, w.run.Stack.Region),
		Action: action, Unknown: []string{}, Sensitive: []string{},
	}
	m := masker{tfType: rc.Type, secrets: w.secrets}
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

// move is the change of a resource's address in the state, which changes nothing
// in the cloud.
func (w *tfWorkspace) move(rc *tfjson.ResourceChange) aegis.ResourceChange {
	return aegis.ResourceChange{
		StackID: w.run.Stack.StackID, Address: rc.Address, Type: rc.Type, Region: w.regions.of(rc, w.run.Stack.Region), Action: aegis.ActionUpdate,
		Before:  map[string]any{"terraform_address": rc.PreviousAddress},
		After:   map[string]any{"terraform_address": rc.Address},
		Unknown: []string{}, Sensitive: []string{},
	}
}

func (w *tfWorkspace) drift(rc *tfjson.ResourceChange) (aegis.ResourceChange, bool) {
	c, ok := w.change(rc)
	if !ok || c.Action == aegis.ActionDelete || terraformAction(rc) == "" {
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
