package agent

import (
	"fmt"
	"slices"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// wholeDomain is the domain of everything that the estate consists of; wholeShort is
// what people call it.
const wholeDomain, wholeShort = "infrastructure", "infra"

// domains holds a goal within the layers that its domains name. One that is no layer
// of the estate is nobody's, and leaves the goal to all.
func (l *limits) domains(named []string) {
	layers := layerNames()
	foreign := func(d string) bool { return !slices.Contains(layers, d) }
	if len(named) == 0 || slices.ContainsFunc(named, foreign) {
		return
	}
	for _, layer := range layers {
		if !slices.Contains(named, layer) {
			l.layers = append(l.layers, layer)
		}
	}
}

// strangers says which of a goal's domains no specialist knows; "" is none.
func strangers(named []string) string {
	known := append(layerNames(), wholeDomain, wholeShort)
	unknown := slices.DeleteFunc(slices.Clone(named), func(d string) bool { return slices.Contains(known, d) })
	if len(unknown) == 0 {
		return ""
	}
	return fmt.Sprintf("No specialist here knows %s: all of the estate's layers are looked at. Domains are %s and %s.",
		strings.Join(unknown, ", "), strings.Join(layerNames(), ", "), wholeDomain)
}

// ensemble is who works on a plan: whoever plans it, a specialist for each layer that
// it changes, whose change sets the gate holds to that layer and the goal's regions,
// and the critic that looked at its reading.
func (p *Planner) ensemble(goal aegis.Goal, lim limits, tasks []aegis.Task) []aegis.GoalAgent {
	regions := slices.DeleteFunc(slices.Clone(p.Regions), func(id string) bool { return !lim.within(id) })
	layers := slices.DeleteFunc(layerNames(), func(name string) bool { return slices.Contains(lim.layers, name) })
	all := []aegis.GoalAgent{{Name: actor(goal), Role: aegis.AgentPlans, Layers: layers, Regions: regions}}
	for _, t := range tasks {
		named := func(a aegis.GoalAgent) bool { return a.Role == aegis.AgentSpecialises && a.Name == t.Agent }
		if !slices.ContainsFunc(all, named) {
			all = append(all, aegis.GoalAgent{Name: t.Agent, Role: aegis.AgentSpecialises, Layers: []string{t.Agent}, Regions: regions})
		}
	}
	if goal.Plan != nil && goal.Plan.Reading != nil && goal.Plan.Reading.Critique != nil {
		all = append(all, aegis.GoalAgent{Name: goal.Plan.Reading.Critique.Model, Role: aegis.AgentCriticises, Layers: []string{}, Regions: []string{}})
	}
	return all
}

// envelope are the constraints that the gate holds a task's change set to: what the
// goal says, the layer of its specialist, its share, and the goal's regions where it is
// held to some.
func (p *Planner) envelope(task aegis.Task, lim limits) []string {
	constraints := slices.Clone(lim.carried)
	if task.Agent != "" {
		constraints = append(constraints, aegis.ConstraintOnlyLayer+task.Agent)
	}
	constraints = append(constraints, shareOf(task, lim)...)
	if len(lim.only)+len(lim.except) > 0 {
		for _, region := range p.Regions {
			if lim.within(region) {
				constraints = append(constraints, aegis.ConstraintOnlyRegion+region)
			}
		}
	}
	return constraints
}
