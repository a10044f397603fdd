// Package estate shows what a plan of an estate comes to before anything is
// made: its stacks, what they cost and what waits for what.
package estate

import (
	"math"
	"slices"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// Estate is a plan on paper.
type Estate struct {
	Environment string   `json:"environment"`
	Regions     []string `json:"regions"`
	// Stacks are in the order in which they are created.
	Stacks    []Stack `json:"stacks"`
	Resources int     `json:"resources"`
	// USDMonth is the standing cost of a month in US dollars, by list prices.
	USDMonth float64 `json:"usd_month"`
}

// Stack is one stack of it.
type Stack struct {
	StackID   string   `json:"stack_id"`
	Layer     string   `json:"layer"`
	Region    string   `json:"region"`
	DependsOn []string `json:"depends_on"`
	Resources int      `json:"resources"`
	USDMonth  float64  `json:"usd_month"`
	// Unpriced are the addresses of resources whose price is not known.
	Unpriced []string   `json:"unpriced"`
	Spec     aegis.Spec `json:"spec"`
}

// pricer is *pricing.Table.
type pricer interface {
	Delta(changes []aegis.ResourceChange) (usdMonth float64, unknown []string)
}

// Draw puts a plan on paper. A faulty plan is an InvalidError, with the field of
// each fault.
func Draw(plan stacks.Plan, prices pricer) (Estate, error) {
	specs, err := plan.Specs()
	if err != nil {
		return Estate{}, err
	}
	made, err := stacks.OnPaper(specs)
	if err != nil {
		return Estate{}, err
	}
	e := Estate{Environment: plan.Environment, Regions: plan.Regions}
	for _, spec := range specs {
		id := stacks.StackID(spec)
		s := Stack{
			StackID: id, Layer: spec.Layer, Region: spec.Region, DependsOn: append([]string{}, stacks.DependsOn(spec)...),
			Resources: len(made[id]), Spec: spec,
		}
		usd, unpriced := prices.Delta(made[id])
		s.USDMonth, s.Unpriced = usd, append([]string{}, unpriced...)
		slices.Sort(s.Unpriced)
		e.Stacks = append(e.Stacks, s)
		e.Resources += s.Resources
		e.USDMonth += usd
	}
	e.USDMonth = math.Round(e.USDMonth*100) / 100
	return e, nil
}
