// Package goals is a set of goals in people's own words, each with what has to
// come of it on the small estate. Whoever wrote them had not seen the planner.
package goals

import (
	"embed"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/aegisworld/aegis"
)

//go:embed goals.yaml breadth.yaml heldout.yaml
var files embed.FS

// Outcome is what becomes of a goal.
type Outcome string

// The outcomes.
const (
	// Change is a plan that policy allows, Denied one that it denies.
	Change Outcome = "change"
	Denied Outcome = "denied"
	// Refused is a goal that is not planned, with the reason; Nothing one that is
	// reached already.
	Refused Outcome = "refused"
	Nothing Outcome = "nothing"
)

// Goal is one of the set.
type Goal struct {
	ID          string              `yaml:"id"`
	Category    string              `yaml:"category"`
	Intent      string              `yaml:"intent"`
	Constraints []string            `yaml:"constraints"`
	BudgetUSD   *float64            `yaml:"budget_usd_month"`
	Risk        aegis.RiskTolerance `yaml:"risk"`
	Expect      Expectation         `yaml:"expect"`
}

// Spec is the goal as it is submitted.
func (g Goal) Spec() aegis.GoalSpec {
	spec := aegis.GoalSpec{Intent: g.Intent, Constraints: g.Constraints, RiskTolerance: g.Risk}
	if g.BudgetUSD != nil {
		spec.Budget = &aegis.Budget{USDMonth: g.BudgetUSD}
	}
	return spec
}

// Expectation is what has to come of a goal.
type Expectation struct {
	Outcome Outcome `yaml:"outcome"`
	// Accept lists outcomes that are as good.
	Accept []Outcome `yaml:"accept"`
	// Stacks are those that change, as "runtime.eu-west-1" or "runtime.*", each with
	// parameters, nested ones by dots, and what they have to be afterwards.
	Stacks map[string]map[string]any `yaml:"stacks"`
	// Others says that other stacks may change, too, but for those in Never.
	Others bool     `yaml:"others"`
	Never  []string `yaml:"never"`
	// MaxUSDMonth and MinSavingUSDMonth bound the change of a month's cost, in US
	// dollars.
	MaxUSDMonth       *float64 `yaml:"max_usd_month"`
	MinSavingUSDMonth *float64 `yaml:"min_saving_usd_month"`
}

// All are the goals by which the planner is judged. Those who work on it may look
// at what it fails.
func All() ([]Goal, error) { return read("goals.yaml") }

// Breadth are more goals to tune by, over all families of parameters.
func Breadth() ([]Goal, error) { return read("breadth.yaml") }

// HeldOut are others, which were tried before those who work on the planner looked at
// them: what it made of them then says what it makes of goals that it never met.
func HeldOut() ([]Goal, error) { return read("heldout.yaml") }

// read reads a set, in the order of its file.
func read(name string) ([]Goal, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read bench/goals: %w", err)
	}
	var all []Goal
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read bench/goals/%s: %w", name, err)
	}
	return all, nil
}
