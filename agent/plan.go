package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	aegis "github.com/aegisworld/aegis"
)

// plan is what a goal comes to.
type plan struct {
	clauses []clause
	layers  []layer
	limits  limits
	// notes say more about single stacks.
	notes []string
	// complete says that every clause was worked out.
	complete bool
}

// layer is the change of one layer, one change set.
type layer struct {
	name    string
	summary string
	stacks  []stackChange
}

// stackChange is the change of one stack's spec.
type stackChange struct {
	stack    aegis.Stack
	revision aegis.SpecRevision
	after    aegis.Spec
	patch    json.RawMessage
}

// plan reads the goal and works out the patches. With a refusal it returns
// what it understood. Layers in done have a change set already.
func (p *Planner) plan(ctx context.Context, goal aegis.GoalSpec, done []string) (plan, error) {
	if goal.Deadline != nil && !p.Now().Before(*goal.Deadline) {
		return plan{}, refuse("its deadline %s has passed", goal.Deadline.UTC().Format("2006-01-02 15:04 MST"))
	}
	var pl plan
	var err error
	if pl.clauses, err = p.grammar.parse(goal.Intent); err != nil {
		return pl, explain(err)
	}
	if pl.limits, err = p.grammar.limits(goal); err != nil {
		return pl, err
	}
	if err := pl.limits.checkClauses(pl.clauses); err != nil {
		return pl, err
	}
	estate, err := p.estate(ctx)
	if err != nil {
		return pl, err
	}
	for _, name := range layerNames(pl.clauses) {
		if slices.Contains(done, name) {
			continue
		}
		l, err := p.layer(ctx, &pl, name, estate)
		if err != nil {
			return pl, err
		}
		if len(l.stacks) > 0 {
			pl.layers = append(pl.layers, l)
		}
	}
	pl.complete = true
	return pl, p.checkBudget(pl)
}

// layer applies a layer's clauses to its stacks.
func (p *Planner) layer(ctx context.Context, pl *plan, name string, estate []aegis.Stack) (layer, error) {
	l := layer{name: name}
	work := map[string]*stackChange{}
	var summaries []string
	for _, c := range pl.clauses {
		if c.intent.Layer != name {
			continue
		}
		regions, err := p.regions(c.scope, pl.limits)
		if err != nil {
			return l, err
		}
		summaries = append(summaries, c.edit.summary+p.place(regions))
		for _, region := range regions {
			change, err := p.open(ctx, work, estate, name, region)
			if err != nil {
				return l, err
			}
			if err := pl.edit(change, c); err != nil {
				return l, err
			}
		}
	}
	l.summary = sentence(strings.Join(summaries, "; "))
	for _, stack := range estate {
		change, ok := work[stack.StackID]
		if !ok {
			continue
		}
		if err := p.close(change, pl.limits); err != nil {
			return l, err
		}
		if len(change.patch) > 0 {
			l.stacks = append(l.stacks, *change)
		}
	}
	return l, nil
}

// open finds the stack of a layer in a region and its newest spec.
func (p *Planner) open(ctx context.Context, work map[string]*stackChange, estate []aegis.Stack, layer, region string) (*stackChange, error) {
	var found []aegis.Stack
	for _, s := range estate {
		if s.Layer == layer && s.Region == region {
			found = append(found, s)
		}
	}
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
	rev, err := p.Specs.SpecRevision(ctx, found[0].StackID, 0)
	if errors.Is(err, aegis.ErrNotFound) {
		return nil, refuse("stack %s has not been created yet", found[0].StackID)
	}
	if err != nil {
		return nil, fmt.Errorf("read spec of %s: %w", found[0].StackID, err)
	}
	change := &stackChange{stack: found[0], revision: rev, after: rev.Spec}
	work[found[0].StackID] = change
	return change, nil
}

// edit applies one clause to one stack.
func (pl *plan) edit(change *stackChange, c clause) error {
	say := func(note string) { pl.notes = append(pl.notes, change.stack.StackID+": "+note) }
	parameters, err := c.edit.apply(change.after.Parameters, say)
	if err != nil {
		return inStack(change, err)
	}
	change.after.Parameters = parameters
	return nil
}

// close checks a stack's new spec and makes its patch, none when it is the
// same as before.
func (p *Planner) close(change *stackChange, l limits) error {
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

// layerNames lists the layers of the clauses, in the order of the estate.
func layerNames(clauses []clause) (names []string) {
	for _, name := range []string{aegis.LayerNetwork, aegis.LayerSecurity, aegis.LayerData, aegis.LayerRuntime, aegis.LayerEdge} {
		if slices.ContainsFunc(clauses, func(c clause) bool { return c.intent.Layer == name }) {
			names = append(names, name)
		}
	}
	return names
}

// layersOf lists the layers that have a change set.
func layersOf(sets []aegis.AutonomousChangeSet) (names []string) {
	for _, cs := range sets {
		for _, id := range cs.Target.StackIDs {
			if n, err := aegis.ParseStackID(id); err == nil {
				names = append(names, n.Layer)
			}
		}
	}
	return names
}

// changeSet is the layer as a proposal.
func (l layer) changeSet(goal aegis.Goal, lim limits) aegis.AutonomousChangeSet {
	cs := aegis.AutonomousChangeSet{
		Source: aegis.SourceGoal, GoalID: goal.GoalID, Actor: Actor, Summary: shorten(l.summary),
		Target: aegis.Target{Kind: aegis.TargetPulumiStack}, RiskTolerance: lim.tolerance, Budget: lim.budget,
		Constraints: lim.carried,
	}
	for _, s := range l.stacks {
		cs.Target.StackIDs = append(cs.Target.StackIDs, s.stack.StackID)
		cs.Target.Regions = append(cs.Target.Regions, s.stack.Region)
		cs.Patches = append(cs.Patches, aegis.SpecPatch{
			StackID: s.stack.StackID, BaseRevision: s.revision.Revision, MergePatch: s.patch,
		})
	}
	return cs
}
