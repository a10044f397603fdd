package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// limits are a goal's constraints, budget and risk tolerance, read.
type limits struct {
	only, except []string
	noOutage     bool
	// layers are not to be changed.
	layers             []string
	maxNodes, minNodes *int
	// carried are constraints of the root's vocabulary, which the gate holds
	// the engines' plans to.
	carried   []string
	tolerance aegis.RiskTolerance
	budget    *aegis.Budget
	// asked is when the goal was submitted, from which times are counted, deadline
	// when it has to be reached; nil is any time.
	asked    time.Time
	deadline *time.Time
}

// constraint is a documented form of constraint.
type constraint struct {
	phrasings []string
	example   string
	take      func(*limits, args)
}

// Constraints lists an example of every form of constraint.
func Constraints() []string {
	var examples []string
	for _, c := range constraints() {
		examples = append(examples, c.example)
	}
	return examples
}

func constraints() []constraint {
	return []constraint{
		{
			example:   "only in eu-west-1",
			phrasings: []string{"only [in|touch|change] <regions>", "[in] <regions> only", "nothing outside [of] <regions>"},
			take:      func(l *limits, a args) { l.only = append(l.only, a.list("regions")...) },
		},
		{
			example: "not in us-east-1",
			phrasings: []string{
				"not|never in <regions>", "except|excluding [in|for] <regions>", "avoid|skip <regions>", "nothing in <regions>",
				"don't|do_not|never touch|change <regions>", "leave <regions> alone",
			},
			take: func(l *limits, a args) { l.except = append(l.except, a.list("regions")...) },
		},
		{
			example: "no deletions",
			phrasings: []string{
				"no deletions|deletion|deletes|removals", "nothing may|must|is_to|should be deleted|removed", "don't|do_not|never delete|remove anything", "delete|remove nothing",
				"without deletions|deleting_anything",
			},
			take: func(l *limits, _ args) { l.carried = append(l.carried, aegis.ConstraintNoDeletions) },
		},
		{
			example: "no replacements",
			phrasings: []string{
				"no replacements|replacement", "don't|do_not|never replace anything", "replace nothing", "in_place only",
				"without replacements|replacing_anything",
			},
			take: func(l *limits, _ args) { l.carried = append(l.carried, aegis.ConstraintNoReplacements) },
		},
		{
			example:   "no downtime",
			phrasings: []string{"[with] no|zero|without downtime|outage|interruption|disruption", "no outages|interruptions"},
			take:      func(l *limits, _ args) { l.noOutage = true },
		},
		{
			example: "at most 6 nodes",
			phrasings: []string{
				"at_most|max|maximum|no_more_than|up_to|not_more_than <n:count> @nodes [per_region|each]", "@nodes <= <n:count>",
				"never more_than <n:count> @nodes [per_region|each]",
			},
			take: func(l *limits, a args) { l.maxNodes = tighter(l.maxNodes, a.count("n"), -1) },
		},
		{
			example: "at least 2 nodes",
			phrasings: []string{
				"at_least|min|minimum|no_fewer_than|no_less_than <n:count> @nodes [per_region|each]", "@nodes >= <n:count>",
				"never fewer_than|less_than|below <n:count> @nodes [per_region|each]",
			},
			take: func(l *limits, a args) { l.minNodes = tighter(l.minNodes, a.count("n"), +1) },
		},
		{
			example: "max $100/month",
			phrasings: []string{
				"[cost|for] [at_most|max|maximum|under|below|no_more_than|up_to|within|less_than] <usd:money> [more|extra|additional]",
				"[it] must_not|mustn't|may_not|should_not|can't|not cost more_than <usd:money> [more|extra]",
				"[and] provided|providing|provided_that|as_long_as|so_long_as [it|this|that|they] cost|costs at_most|no_more_than|under|below|less_than|not_more_than <usd:money> [more|extra|additional] [per_month|a_month|month|monthly]",
				"[cost] budget [of|is|:] <usd:money>", "with budget of <usd:money>",
				"spend|cost|costing|spending at_most|no_more_than|under|below|less_than <usd:money> [more|extra]",
			},
			take: func(l *limits, a args) { l.capBudget(a.factor("usd")) },
		},
		{
			example:   "no extra cost",
			phrasings: []string{"no|without [extra|additional|more] cost|costs|spending|spend", "for free", "without spending more|anything"},
			take:      func(l *limits, _ args) { l.capBudget(0) },
		},
		{
			example:   "low risk",
			phrasings: []string{"[with|at] <level:risk> risk [only]", "risk <level:risk>", "at_most <level:risk> risk"},
			take: func(l *limits, a args) {
				if t := aegis.RiskTolerance(a.text("level")); t.MaxRisk() < l.tolerance.MaxRisk() {
					l.tolerance = t
				}
			},
		},
		byDeadline(),
		notLayer(),
	}
}

// notLayer is the constraint that a layer stays as it is.
func notLayer() constraint {
	return constraint{
		example: "don't touch the network",
		phrasings: []string{
			"don't|do_not|never touch|change <layer:layer> [layer]", "leave <layer:layer> [layer] alone", "nothing in <layer:layer> layer",
			"no changes to|in <layer:layer> [layer]",
		},
		take: func(l *limits, a args) { l.layers = append(l.layers, a.text("layer")) },
	}
}

// byDeadline is the constraint of a time.
func byDeadline() constraint {
	return constraint{
		example:   "by Friday",
		phrasings: []string{"by|before|until <t:deadline>", "within|in <d:duration>", "no_later_than <t:deadline>"},
		take: func(l *limits, a args) {
			at := l.asked.Add(a.duration())
			if when, ok := a["t"].(moment); ok {
				at = when.after(l.asked)
			}
			if l.deadline == nil || at.Before(*l.deadline) {
				l.deadline = &at
			}
		},
	}
}

// tighter is the lower of two bounds for sign -1, the higher for +1.
func tighter(old *int, n, sign int) *int {
	if old != nil && (n-*old)*sign < 0 {
		return old
	}
	return &n
}

// capBudget lowers the monthly budget; it never raises it.
func (l *limits) capBudget(usd float64) {
	lowered := aegis.Budget{USDMonth: &usd}
	if l.budget != nil {
		lowered.USDRun = l.budget.USDRun
		if l.budget.USDMonth != nil {
			usd = min(usd, *l.budget.USDMonth)
		}
	}
	l.budget = &lowered
}

// limits reads a goal's constraints. One that it can't read is refused: to
// ignore it would be to break it.
func (g *grammar) constraints(goal aegis.GoalSpec, asked time.Time) (limits, error) {
	l := limits{tolerance: goal.RiskTolerance, budget: goal.Budget, asked: asked, deadline: goal.Deadline}
	if l.tolerance == "" {
		l.tolerance = aegis.RiskMedium
	}
	if l.tolerance.MaxRisk() < 0 {
		return l, refuse("risk_tolerance %q is not low, medium or high", l.tolerance)
	}
	l.domains(goal.Domains)
	for _, text := range goal.Constraints {
		if err := g.constrain(&l, text); err != nil {
			return l, err
		}
	}
	if l.minNodes != nil && l.maxNodes != nil && *l.minNodes > *l.maxNodes {
		return l, refuse("the constraints contradict each other: at least %d and at most %d nodes", *l.minNodes, *l.maxNodes)
	}
	return l, nil
}

// known refuses limits to regions that the estate does not have.
func (l limits) known(configured []string) error {
	for _, id := range slices.Concat(l.only, l.except) {
		if !slices.Contains(configured, id) {
			return refuse("a constraint names %s, which is none of the estate's regions: %v", id, configured)
		}
	}
	return nil
}

func (g *grammar) constrain(l *limits, text string) error {
	tokens, err := lex(text)
	if err != nil {
		return err
	}
	if take := g.limit(tokens); take != nil {
		take(l)
		return nil
	}
	return refuse("can't read the constraint %q; constraints look like: %s", shorten(text), quoteAll(Constraints()))
}

// limit reads tokens as a constraint; nil when they are none.
func (g *grammar) limit(tokens []token) func(*limits) {
	tokens = plain(tokens)
	if len(tokens) == 0 {
		return nil
	}
	for _, b := range g.limits {
		for _, p := range b.patterns {
			if a, ok := p.match(tokens, g.slots.read); ok {
				return func(l *limits) { b.constraint.take(l, a) }
			}
		}
	}
	return nil
}

// checkClauses refuses clauses that a constraint forbids by their nature.
func (l limits) checkClauses(clauses []clause) error {
	for _, c := range clauses {
		switch {
		case c.edit.deletes && slices.Contains(l.carried, aegis.ConstraintNoDeletions):
			return refuse("%q would remove something, which a constraint forbids", c.text)
		case l.noOutage && c.edit.disrupts:
			return refuse("%q may interrupt service, which a constraint forbids", c.text)
		}
	}
	return nil
}

// apply holds a runtime spec within the node constraints: the maximum comes
// down to the limit, anything else that breaks one is refused.
func (l limits) apply(change *stackChange) error {
	if change.stack.Layer != aegis.LayerRuntime || l.maxNodes == nil && l.minNodes == nil {
		return nil
	}
	var s aegis.RuntimeSpec
	if err := json.Unmarshal(change.after.Parameters, &s); err != nil {
		return fmt.Errorf("read parameters: %w", err)
	}
	switch {
	case l.maxNodes != nil && s.NodeDesired > *l.maxNodes:
		return refuse("%s, but a constraint allows at most %d", nodes(s.NodeDesired), *l.maxNodes)
	case l.minNodes != nil && s.NodeMin < *l.minNodes:
		return refuse("a minimum of %s, but a constraint demands at least %d", nodes(s.NodeMin), *l.minNodes)
	case l.maxNodes == nil || s.NodeMax <= *l.maxNodes:
		return nil
	}
	s.NodeMax = *l.maxNodes
	lowered, err := json.Marshal(s)
	change.after.Parameters = lowered
	return err
}

// within says that a region may be changed.
func (l limits) within(region string) bool {
	return (len(l.only) == 0 || slices.Contains(l.only, region)) && !slices.Contains(l.except, region)
}

// regions are where a clause holds, within the constraints.
func (p *Planner) regions(s scope, l limits) ([]string, error) {
	regions, err := p.grammar.atlas.resolve(s)
	if err != nil {
		return nil, err
	}
	within := slices.DeleteFunc(slices.Clone(regions), func(id string) bool { return !l.within(id) })
	if len(s.named) > 0 && len(within) < len(regions) {
		return nil, refuse("the intent names regions that a constraint excludes")
	}
	if len(within) == 0 {
		return nil, refuse("the constraints leave no region")
	}
	return within, nil
}
