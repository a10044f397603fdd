package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	aegis "github.com/aegisworld/aegis"
)

// plan is what a goal comes to.
type plan struct {
	reading reading
	// options are the ways that were weighed, none for a goal of clauses alone.
	options []aegis.GoalOption
	layers  []layer
	// notes say more about single stacks.
	notes []string
	// complete says that every part was worked out.
	complete bool
}

// layer is the change of one layer in one phase, one change set.
type layer struct {
	name    string
	phase   int
	summary string
	stacks  []stackChange
	// usd is by how much a month is thought to cost more, in US dollars.
	usd float64
}

// stackChange is the change of one stack's spec.
type stackChange struct {
	stack    aegis.Stack
	revision aegis.SpecRevision
	after    aegis.Spec
	// steps were made of it, turns are their places among those of the plan.
	steps []step
	turns []int
	phase int
	patch json.RawMessage
}

// survey is the estate as a plan is made on it.
type survey struct {
	stacks []aegis.Stack
	// revisions are the newest, as far as they were read, by stack id.
	revisions map[string]aegis.SpecRevision
}

// plan reads the goal and works out the patches. With a refusal it returns
// what it understood. Ways in tried are not taken; each has the reason.
func (p *Planner) plan(ctx context.Context, goal aegis.Goal, tried map[string]string) (plan, error) {
	r, err := p.reads(goal)
	r.strangers = strangers(goal.Domains)
	pl := plan{reading: r}
	if err != nil {
		return pl, err
	}
	if d := r.limits.deadline; d != nil && !p.Now().Before(*d) {
		return pl, refuse("its deadline %s has passed", d.UTC().Format("2006-01-02 15:04 MST"))
	}
	s := survey{revisions: map[string]aegis.SpecRevision{}}
	if s.stacks, err = p.estate(ctx); err != nil {
		return pl, err
	}
	if r.aim == nil {
		return p.draft(ctx, s, r, way{})
	}
	return p.choose(ctx, goal, s, r, tried)
}

// draft works out one way.
func (p *Planner) draft(ctx context.Context, s survey, r reading, w way) (plan, error) {
	pl := plan{reading: r}
	steps, err := p.steps(r, w)
	if err != nil {
		return pl, err
	}
	var changes []*stackChange
	for _, name := range layerNames() {
		more, err := p.changes(ctx, &pl, s, name, steps)
		if err != nil {
			return pl, err
		}
		changes = append(changes, more...)
	}
	p.inOrder(changes)
	if pl.layers, err = p.layers(changes); err != nil {
		return pl, err
	}
	pl.complete = true
	return pl, p.checkBudget(pl)
}

// steps are the clauses' edits and the way's.
func (p *Planner) steps(r reading, w way) ([]step, error) {
	var steps []step
	for _, c := range r.clauses {
		regions, err := p.regions(c.scope, r.limits)
		if err != nil {
			return nil, err
		}
		for _, region := range regions {
			steps = append(steps, step{layer: c.intent.Layer, region: region, edit: c.edit})
		}
	}
	for _, s := range w.steps {
		switch {
		case !r.limits.within(s.region):
			return nil, refuse("it changes %s, which a constraint excludes", s.region)
		case r.limits.noOutage && s.edit.disrupts:
			return nil, refuse("it may interrupt service, which a constraint forbids")
		}
		steps = append(steps, s)
	}
	for _, s := range steps {
		if slices.Contains(r.limits.layers, s.layer) {
			return nil, refuse("%q changes layer %s, which a constraint or the goal's domains leave out", s.edit.summary, s.layer)
		}
	}
	return steps, nil
}

// changes applies the steps of a layer to its stacks, and returns those that change.
func (p *Planner) changes(ctx context.Context, pl *plan, s survey, name string, steps []step) (changes []*stackChange, err error) {
	work := map[string]*stackChange{}
	for n, step := range steps {
		if step.layer != name {
			continue
		}
		change, err := p.open(ctx, work, s, name, step.region)
		if err != nil {
			return nil, err
		}
		if err := pl.edit(change, step.edit); err != nil {
			return nil, err
		}
		change.steps, change.turns = append(change.steps, step), append(change.turns, n)
		change.phase = max(change.phase, step.phase)
	}
	for _, stack := range s.stacks {
		change, ok := work[stack.StackID]
		if !ok {
			continue
		}
		if err := p.close(change, pl.reading.limits); err != nil {
			return nil, err
		}
		if len(change.patch) > 0 {
			changes = append(changes, change)
		}
	}
	return changes, nil
}

// inOrder gives changes their phases: the one that a step names, and one after
// those of the changed stacks that only the new spec depends on, since what it reads
// of them is not there before. Phases in which nothing is to be done are none.
func (p *Planner) inOrder(changes []*stackChange) {
	for range changes { // dependencies have no cycles, so that this is enough
		for _, c := range changes {
			for _, id := range p.newlyNeeded(c) {
				for _, other := range changes {
					if other.stack.StackID == id {
						c.phase = max(c.phase, other.phase+1)
					}
				}
			}
		}
	}
	used := map[int]bool{}
	for _, c := range changes {
		used[c.phase] = true
	}
	order := slices.Sorted(maps.Keys(used))
	for _, c := range changes {
		c.phase = slices.Index(order, c.phase)
	}
}

// newlyNeeded are the stacks that a stack's new spec depends on, and its old one did
// not.
func (p *Planner) newlyNeeded(c *stackChange) []string {
	if p.DependsOn == nil {
		return nil
	}
	old := p.DependsOn(c.revision.Spec)
	return slices.DeleteFunc(p.DependsOn(c.after), func(id string) bool { return slices.Contains(old, id) })
}

// layers groups changes by phase and layer, one change set each.
func (p *Planner) layers(changes []*stackChange) (layers []layer, err error) {
	last := 0
	for _, c := range changes {
		last = max(last, c.phase)
	}
	for phase := range last + 1 {
		for _, name := range layerNames() {
			l := layer{name: name, phase: phase}
			for _, c := range changes {
				if c.phase == phase && c.stack.Layer == name {
					l.stacks = append(l.stacks, *c)
				}
			}
			if len(l.stacks) == 0 {
				continue
			}
			l.summary = p.summarise(l.said())
			if l.usd, err = p.estimated(l); err != nil {
				return nil, err
			}
			layers = append(layers, l)
		}
	}
	return layers, nil
}

// said is what a layer's steps do, in the order in which they were asked for.
func (l layer) said() (said []summary) {
	steps := map[int]step{}
	for _, c := range l.stacks {
		for i, turn := range c.turns {
			steps[turn] = c.steps[i]
		}
	}
	for _, turn := range slices.Sorted(maps.Keys(steps)) {
		said = saying(said, steps[turn])
	}
	return said
}

// summary is one thing that is done in regions.
type summary struct {
	text    string
	regions []string
}

// saying adds what a step does to what is said already.
func saying(said []summary, s step) []summary {
	for i := range said {
		if said[i].text == s.edit.summary && !slices.Contains(said[i].regions, s.region) {
			said[i].regions = append(said[i].regions, s.region)
			return said
		}
	}
	return append(said, summary{s.edit.summary, []string{s.region}})
}

func (p *Planner) summarise(said []summary) string {
	parts := make([]string, len(said))
	for i, s := range said {
		parts[i] = s.text + p.place(s.regions)
	}
	if len(parts) == 0 {
		return ""
	}
	return sentence(strings.Join(parts, "; "))
}

// open finds the stack of a layer in a region and its newest spec.
func (p *Planner) open(ctx context.Context, work map[string]*stackChange, s survey, layer, region string) (*stackChange, error) {
	found := s.at(layer, region)
	switch len(found) {
	case 0:
		return nil, refuse("there is no stack of layer %s in %s", layer, region)
	case 1:
	default:
		return nil, refuse("ambiguous: layer %s has %d stacks in %s: %s and %s", layer, len(found), region, found[0].StackID, found[1].StackID)
	}
	if change, ok := work[found[0].StackID]; ok {
		return change, nil
	}
	rev, err := p.newest(ctx, s, found[0].StackID)
	if err != nil {
		return nil, err
	}
	change := &stackChange{stack: found[0], revision: rev, after: rev.Spec}
	work[found[0].StackID] = change
	return change, nil
}

// at are the stacks of a layer in a region.
func (s survey) at(layer, region string) (found []aegis.Stack) {
	for _, stack := range s.stacks {
		if stack.Layer == layer && stack.Region == region {
			found = append(found, stack)
		}
	}
	return found
}

// newest is a stack's newest revision, read once.
func (p *Planner) newest(ctx context.Context, s survey, stackID string) (aegis.SpecRevision, error) {
	if rev, ok := s.revisions[stackID]; ok {
		return rev, nil
	}
	rev, err := p.Specs.SpecRevision(ctx, stackID, 0)
	if errors.Is(err, aegis.ErrNotFound) {
		return rev, refuse("stack %s has not been created yet", stackID)
	}
	if err != nil {
		return rev, fmt.Errorf("read spec of %s: %w", stackID, err)
	}
	s.revisions[stackID] = rev
	return rev, nil
}

// edit makes one edit of one stack.
func (pl *plan) edit(change *stackChange, e edit) error {
	say := func(note string) { pl.notes = append(pl.notes, change.stack.StackID+": "+note) }
	parameters, err := e.apply(change.after.Parameters, say)
	if err != nil {
		return inStack(change, err)
	}
	change.after.Parameters = parameters
	return nil
}

// close checks a stack's new spec and makes its patch, none when it is the
// same as before.
func (p *Planner) close(change *stackChange, l limits) error {
	if err := change.consistent(); err != nil {
		return inStack(change, err)
	}
	if err := l.apply(change); err != nil {
		return inStack(change, err)
	}
	if err := checkBounds(change.stack.Layer, change.after.Parameters); err != nil {
		return inStack(change, err)
	}
	patch, err := jsonpatch.CreateMergePatch(change.revision.Spec.Parameters, change.after.Parameters)
	if err != nil {
		return fmt.Errorf("compare specs of %s: %w", change.stack.StackID, err)
	}
	if string(patch) == "{}" {
		return nil
	}
	if err := p.validate(change); err != nil {
		return err
	}
	change.patch = patch
	return nil
}

// consistent refuses edits that undo one another: one that says what should be so,
// and changes nothing when it is made twice, has to change nothing in the end.
func (c *stackChange) consistent() error {
	if len(c.steps) < 2 {
		return nil
	}
	silent := func(string) {}
	for _, s := range c.steps {
		e := s.edit
		once, err := e.apply(c.revision.Spec.Parameters, silent)
		if err != nil {
			continue // it needs what another made
		}
		twice, err := e.apply(once, silent)
		if err != nil || !jsonpatch.Equal(once, twice) {
			continue // it is relative to what was
		}
		last, err := e.apply(c.after.Parameters, silent)
		if err == nil && !jsonpatch.Equal(last, c.after.Parameters) {
			return refuse("it contradicts itself: %q does not hold beside the rest", e.summary)
		}
	}
	return nil
}

func (p *Planner) validate(change *stackChange) error {
	err := p.Validate(change.after)
	if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
		return inStack(change, refuse("%s", invalid.Error()))
	}
	if err != nil {
		return fmt.Errorf("validate spec of %s: %w", change.stack.StackID, err)
	}
	return nil
}

// inStack names the stack in a refusal.
func inStack(change *stackChange, err error) error {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refuse("%s: %s", change.stack.StackID, refused.text)
	}
	return fmt.Errorf("edit spec of %s: %w", change.stack.StackID, err)
}

// estate lists all stacks, in the order of the regions.
func (p *Planner) estate(ctx context.Context) ([]aegis.Stack, error) {
	var all []aegis.Stack
	for page := (aegis.Page{Limit: 500}); ; {
		stacks, next, err := p.Stacks.Stacks(ctx, page)
		if err != nil {
			return nil, fmt.Errorf("list stacks: %w", err)
		}
		all = append(all, stacks...)
		if next == "" {
			break
		}
		page.Cursor = next
	}
	all = slices.DeleteFunc(all, func(s aegis.Stack) bool { return s.Adopted() })
	slices.SortFunc(all, func(a, b aegis.Stack) int {
		return slices.Index(p.grammar.atlas.configured, a.Region) - slices.Index(p.grammar.atlas.configured, b.Region)
	})
	return all, nil
}

// layerNames are the layers in the order in which their change sets are
// proposed.
func layerNames() []string {
	return []string{aegis.LayerNetwork, aegis.LayerSecurity, aegis.LayerData, aegis.LayerRuntime, aegis.LayerEdge}
}

// tasks is the graph of a plan, the nth of its goal, each with its share of what the
// goal allows.
func (p *Planner) tasks(pl plan, n int) []aegis.Task {
	tasks := pl.tasks(n)
	pl.allot(tasks, p.Now())
	return tasks
}

// tasks are those of a plan: those of a phase depend on all of the phase before.
func (pl plan) tasks(n int) []aegis.Task {
	tasks := []aegis.Task{}
	for _, l := range pl.layers {
		task := aegis.Task{
			TaskID: fmt.Sprintf("%d.%d.%s", n, l.phase+1, l.name), Summary: shorten(l.summary), Agent: l.name, DependsOn: []string{},
			State: aegis.TaskWaiting, EstimatedUSDMonth: l.usd,
		}
		for _, before := range pl.layers {
			if before.phase == l.phase-1 {
				task.DependsOn = append(task.DependsOn, fmt.Sprintf("%d.%d.%s", n, before.phase+1, before.name))
			}
		}
		for _, s := range l.stacks {
			task.Patches = append(task.Patches, aegis.SpecPatch{
				StackID: s.stack.StackID, BaseRevision: s.revision.Revision, MergePatch: s.patch,
			})
		}
		tasks = append(tasks, task)
	}
	return tasks
}

// changeSet is a task as a proposal, within the goal's limits.
func (p *Planner) changeSet(goal aegis.Goal, task aegis.Task, lim limits) aegis.AutonomousChangeSet {
	cs := aegis.AutonomousChangeSet{
		Source: aegis.SourceGoal, GoalID: goal.GoalID, TaskID: task.TaskID, Actor: actor(goal), Summary: task.Summary,
		Target: aegis.Target{Kind: aegis.TargetPulumiStack}, RiskTolerance: lim.tolerance, Budget: lim.budget,
		Constraints: p.envelope(task, lim), Patches: slices.Clone(task.Patches),
	}
	for _, patch := range task.Patches {
		cs.Target.StackIDs = append(cs.Target.StackIDs, patch.StackID)
		if name, err := aegis.ParseStackID(patch.StackID); err == nil {
			cs.Target.Regions = append(cs.Target.Regions, name.Region)
		}
	}
	return cs
}
