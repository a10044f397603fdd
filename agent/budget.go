package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	aegis "github.com/aegisworld/aegis"
)

// checkBudget refuses a plan that would cost more than the goal's budget, as
// far as that can be told before an engine has planned it. The gate judges
// the real difference.
func (p *Planner) checkBudget(pl plan) error {
	budget := pl.reading.limits.budget
	if p.Pricer == nil || budget == nil || budget.USDMonth == nil {
		return nil
	}
	usd := 0.0
	for _, l := range pl.layers {
		usd += l.usd
	}
	if limit := *budget.USDMonth; usd > limit && usd > 0 {
		return refuse("it would add about $%.2f a month; the budget is $%.2f", usd, limit)
	}
	return nil
}

// estimated is by how much a month is thought to cost more with a layer's
// change, in US dollars.
func (p *Planner) estimated(l layer) (float64, error) {
	if p.Pricer == nil {
		return 0, nil
	}
	var changes []aegis.ResourceChange
	for _, s := range l.stacks {
		more, err := estimate(s)
		if err != nil {
			return 0, fmt.Errorf("estimate %s: %w", s.stack.StackID, err)
		}
		changes = append(changes, more...)
	}
	usd, _ := p.Pricer.Delta(changes)
	return usd, nil
}

// difference is estimated for other parameters of one stack; 0 when nothing can
// be told.
func (p *Planner) difference(layerName, region string, before, after any) float64 {
	change := stackChange{stack: aegis.Stack{Layer: layerName, Region: region, StackID: "estimate." + layerName + "." + region}}
	was, err := json.Marshal(before)
	if err != nil {
		return 0
	}
	will, err := json.Marshal(after)
	if err != nil {
		return 0
	}
	change.revision.Spec.Parameters, change.after.Parameters = was, will
	usd, err := p.estimated(layer{stacks: []stackChange{change}})
	if err != nil {
		return 0
	}
	return usd
}

// estimate writes a spec's difference as the resources whose price depends on it.
func estimate(s stackChange) (changes []aegis.ResourceChange, err error) {
	before, err := stockOf(s.stack.Layer, s.stack.Region, s.revision.Spec.Parameters)
	if err != nil {
		return nil, err
	}
	after, err := stockOf(s.stack.Layer, s.stack.Region, s.after.Parameters)
	if err != nil {
		return nil, err
	}
	addresses := maps.Clone(before)
	maps.Copy(addresses, after)
	for _, address := range slices.Sorted(maps.Keys(addresses)) {
		c := aegis.ResourceChange{
			StackID: s.stack.StackID, Address: address, Type: kindOf(address), Region: s.stack.Region, Action: aegis.ActionUpdate,
			Before: before[address], After: after[address],
		}
		switch {
		case reflect.DeepEqual(c.Before, c.After):
			continue
		case c.Before == nil:
			c.Action = aegis.ActionCreate
		case c.After == nil:
			c.Action = aegis.ActionDelete
		}
		changes = append(changes, c)
	}
	return changes, nil
}
