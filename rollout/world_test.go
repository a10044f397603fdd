package rollout_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// world is an engine over a cloud in memory: each member of a spec's
// parameters is one resource of that name with that value. It notes what a
// sound door never lets happen.
type world struct {
	mu   sync.Mutex
	real map[string]map[string]any // stack → resource → value
	// behind is what the state of a stack says where that is not what is real.
	behind     map[string]map[string]any
	judged     map[string][]aegis.ResourceChange
	writing    map[string]string // stack → who is applying
	violations []string
	applies    []string
	// before is called ahead of each call ("preview", "refresh", "apply",
	// "repair") and each write ("write") of an operation; its error is returned.
	before func(op, stackID string) error
	// lease, when set, returns who may write to a stack.
	lease   func(stackID string) aegis.Lease
	written map[string]int  // change set, stack, resource and value → how often
	tainted map[string]bool // stacks that someone else changed
	busy    time.Duration   // how long a write takes
	outputs bool            // plans give stacks other outputs
}

func newWorld() *world {
	return &world{
		real: map[string]map[string]any{}, judged: map[string][]aegis.ResourceChange{}, writing: map[string]string{},
		written: map[string]int{}, tainted: map[string]bool{},
	}
}

func (w *world) call(ctx context.Context, op, stackID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(op, stackID)
}

func (w *world) plan(run aegis.StackRun) aegis.Plan {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted := map[string]any{}
	if !run.Destroy {
		if err := json.Unmarshal(run.Spec.Parameters, &wanted); err != nil {
			panic(err)
		}
	}
	have := w.real[run.Stack.StackID]
	if state, ok := w.behind[run.Stack.StackID]; ok && !run.Refresh {
		have = state
	}
	p := aegis.Plan{StackID: run.Stack.StackID, ResourceCount: len(wanted), Outputs: w.outputs}
	names := slices.Sorted(maps.Keys(wanted))
	for name := range have {
		if _, stays := wanted[name]; !stays {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if len(run.Targets) > 0 && !slices.Contains(run.Targets, name) {
			continue
		}
		if c, differs := change(run.Stack, name, have, wanted); differs {
			p.Changes = append(p.Changes, c)
		}
	}
	data, _ := json.Marshal(p.Changes)
	sum := sha256.Sum256(data)
	p.Digest = hex.EncodeToString(sum[:])
	return p
}

func change(stack aegis.Stack, name string, have, wanted map[string]any) (aegis.ResourceChange, bool) {
	kind, _, _ := strings.Cut(name, "-")
	c := aegis.ResourceChange{StackID: stack.StackID, Address: name, Type: "aws_" + kind, Region: stack.Region}
	if _, region, ok := strings.Cut(name, "@"); ok {
		c.Region = region
	}
	old, was := have[name]
	value, will := wanted[name]
	switch {
	case was && !will:
		c.Action, c.Before = aegis.ActionDelete, map[string]any{"value": old}
	case will && !was:
		c.Action, c.After = aegis.ActionCreate, map[string]any{"value": value}
	default:
		c.Action, c.Before, c.After = aegis.ActionUpdate, map[string]any{"value": old}, map[string]any{"value": value}
	}
	return c, was != will || old != value
}

func (w *world) Preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	if err := w.call(ctx, "preview", run.Stack.StackID); err != nil {
		return aegis.Plan{}, err
	}
	return w.plan(run), nil
}

func (w *world) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	if err := w.call(ctx, "refresh", run.Stack.StackID); err != nil {
		return aegis.Observation{}, err
	}
	p := w.plan(run)
	return aegis.Observation{StackID: run.Stack.StackID, Drift: p.Changes, ResourceCount: p.ResourceCount}, nil
}

func (w *world) Repair(ctx context.Context, run aegis.StackRun) ([]string, error) {
	return nil, w.call(ctx, "repair", run.Stack.StackID)
}

func (w *world) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	id := run.Stack.StackID
	if err := w.call(ctx, "apply", id); err != nil {
		return aegis.ApplyResult{}, err
	}
	p := w.plan(run)
	if p.Digest != digest {
		return aegis.ApplyResult{}, aegis.ErrDigestMismatch
	}
	w.enter(run)
	defer w.leave(id)
	for _, c := range p.Changes {
		if err := w.work(ctx); err != nil {
			return aegis.ApplyResult{}, err
		}
		if err := w.call(ctx, "write", id); err != nil {
			return aegis.ApplyResult{}, err
		}
		w.write(run, c)
	}
	return aegis.ApplyResult{
		StackID: id, ResourceCount: p.ResourceCount,
		Checks: []aegis.Check{{Name: id, Kind: aegis.CheckHTTP, Region: run.Stack.Region}},
	}, nil
}

// work takes its time, as clouds do.
func (w *world) work(ctx context.Context) error {
	if w.busy == 0 {
		return nil
	}
	select {
	case <-time.After(w.busy):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *world) enter(run aegis.StackRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := run.Stack.StackID
	if other := w.writing[id]; other != "" {
		w.violate("%s applies to %s while %s does", run.ChangeSetID, id, other)
	}
	if run.Policy == nil {
		w.violate("apply to %s without a policy", id)
	}
	if w.lease != nil {
		if l := w.lease(id); l.ChangeSetID != run.ChangeSetID || l.FencingToken != run.FencingToken {
			w.violate("%s applies to %s with token %d, the lease is %v", run.ChangeSetID, id, run.FencingToken, l)
		}
	}
	w.writing[id] = run.ChangeSetID
	w.applies = append(w.applies, id)
}

func (w *world) leave(id string) { w.mu.Lock(); defer w.mu.Unlock(); delete(w.writing, id) }

func (w *world) write(run aegis.StackRun, c aegis.ResourceChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(w.judged[run.ChangeSetID], func(j aegis.ResourceChange) bool {
		return j.StackID == c.StackID && j.Address == c.Address && j.Action == c.Action && fmt.Sprint(j.After) == fmt.Sprint(c.After)
	}) {
		w.violate("%s: %s of %s to %v was not judged", run.ChangeSetID, c.Action, c.Address, c.After)
	}
	key := fmt.Sprint(run.ChangeSetID, c.StackID, c.Address, c.After)
	if w.written[key]++; w.written[key] > 1 && !w.tainted[c.StackID] {
		w.violate("%s writes %s of %s twice", run.ChangeSetID, c.Address, c.StackID)
	}
	if w.real[c.StackID] == nil {
		w.real[c.StackID] = map[string]any{}
	}
	if c.Action == aegis.ActionDelete {
		delete(w.real[c.StackID], c.Address)
		return
	}
	w.real[c.StackID][c.Address] = c.After["value"]
}

func (w *world) violate(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// set changes the cloud behind the autopilot's back.
func (w *world) set(stackID, name string, value any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.real[stackID] == nil {
		w.real[stackID] = map[string]any{}
	}
	w.real[stackID][name] = value
	w.tainted[stackID] = true
}

// get reads the cloud.
func (w *world) get(stackID string) map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.real[stackID])
}

// rules is a gate that tests set; it notes what was judged.
type rules struct {
	world  *world
	result aegis.GateResult
	inputs []aegis.GateInput
	// beside is tried beside it; nil is nothing.
	beside *rules
}

func (g *rules) Judge(_ context.Context, in aegis.GateInput) (
	aegis.GateResult, func(context.Context, aegis.GateResult) (aegis.DecisionRecord, error),
) {
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	g.inputs = append(g.inputs, in)
	g.world.judged[in.ChangeSet.ChangeSetID] = append(slices.Clone(in.Diff), in.Inverse...)
	return g.result, func(_ context.Context, result aegis.GateResult) (aegis.DecisionRecord, error) {
		document, err := json.Marshal(in)
		return aegis.DecisionRecord{Input: document, Result: result}, err
	}
}

// Pin lets it decide, with what is tried beside it.
func (g *rules) Pin() (running, beside rollout.Judge) {
	if g.beside != nil {
		beside = g.beside
	}
	return g, beside
}

// prices costs each created resource a dollar a month.
type prices struct{}

func (prices) Delta(changes []aegis.ResourceChange) (usd float64, unknown []string) {
	for _, c := range changes {
		switch c.Action {
		case aegis.ActionCreate:
			usd++
		case aegis.ActionDelete:
			usd--
		case aegis.ActionUpdate, aegis.ActionReplace:
		}
	}
	return usd, nil
}

// checks are green unless tests say otherwise.
type checks struct{ red func(name string) bool }

func (c *checks) Check(_ context.Context, list []aegis.Check) []aegis.CheckResult {
	out := make([]aegis.CheckResult, len(list))
	for i, check := range list {
		out[i] = aegis.CheckResult{Name: check.Name, Passed: c.red == nil || !c.red(check.Name), Message: "looked"}
	}
	return out
}

// anySpec accepts all but a parameter named bad, and two stacks that claim one
// thing.
type anySpec struct{}

func (anySpec) Contradictions(specs []aegis.Spec) (faults []aegis.FieldFault) {
	taken := map[string]string{}
	for _, spec := range specs {
		var claim struct{ Claims string }
		_ = json.Unmarshal(spec.Parameters, &claim)
		id := spec.Environment + "." + spec.Layer + "." + spec.Region
		if other := taken[claim.Claims]; claim.Claims != "" && other != "" {
			faults = append(faults, aegis.FieldFault{Field: id + ".parameters.claims", Message: claim.Claims + " is claimed by " + other})
		}
		taken[claim.Claims] = id
	}
	return faults
}

func (anySpec) Validate(spec aegis.Spec) error {
	if strings.Contains(string(spec.Parameters), `"bad"`) {
		return aegis.Invalid("parameters.bad", "must not be there")
	}
	return nil
}
