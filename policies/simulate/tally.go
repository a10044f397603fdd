package simulate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

// Bounds of a report.
const (
	// maxFlips bounds newly_denied, newly_allowed, requirements_changed and
	// errors each.
	maxFlips = 1000
	// maxExamples bounds the examples of each group, and the rules of each flip.
	maxExamples = 5
	// maxGroups bounds the groups of one kind; more are counted as others.
	maxGroups = 1000
	// maxCodes bounds the codes of one flip, and maxCode and maxMessage what a
	// rule may say, in runes.
	maxCodes   = 50
	maxCode    = 200
	maxMessage = 500
)

// others stands for the groups beyond maxGroups.
const others = "(others)"

// tally adds outcomes up. It is not safe for concurrent use.
type tally struct {
	sum    aegis.Simulation
	rules  map[string]*aegis.RuleFlips
	stacks map[string]*aegis.StackFlips
	types  map[string]*aegis.TypeFlips
	// timeouts counts the cases for which the candidate ran out of time.
	timeouts int
}

func newTally(o Options) *tally {
	return &tally{
		sum: aegis.Simulation{
			NewlyDenied: []aegis.SimulatedFlip{}, NewlyAllowed: []aegis.SimulatedFlip{},
			RequirementsChanged: []aegis.SimulatedTerms{}, Errors: []aegis.SimulationFault{},
			Hypothetical: []aegis.SimulatedVerdict{}, Notes: []string{},
			Candidate: aegis.SimulatedCandidate{Revision: o.Candidate.Revision(), RunningRevision: o.Running.Revision()},
		},
		rules: map[string]*aegis.RuleFlips{}, stacks: map[string]*aegis.StackFlips{}, types: map[string]*aegis.TypeFlips{},
	}
}

func (t *tally) add(o outcome) {
	t.sum.Totals.Errors += len(o.faults)
	t.sum.Errors = push(t.sum.Errors, maxFlips, o.faults...)
	if !o.judged {
		return
	}
	t.sum.Evaluated++
	if slices.ContainsFunc(o.faults, func(f aegis.SimulationFault) bool { return f.Code == policies.CodeTimeout }) {
		t.timeouts++
	}
	if o.Summary != "" {
		t.sum.Hypothetical = push(t.sum.Hypothetical, maxFlips, o.verdict())
	}
	switch {
	case !o.differs():
		t.sum.Totals.Unchanged++
		return
	case o.flipped() && o.before.Allowed():
		t.sum.Totals.NewlyDenied++
		t.flip(o, o.after.Deny, denied)
	case o.flipped():
		t.sum.Totals.NewlyAllowed++
		t.flip(o, o.before.Deny, allowed)
	case o.before.Allowed():
		t.terms(o)
	default:
		t.stillDenied(o)
	}
	t.warnings(o)
}

// direction is which way a decision turns.
type direction bool

const (
	denied  direction = true
	allowed direction = false
)

// flip adds a decision that turns round because of rules.
func (t *tally) flip(o outcome, rules []aegis.RuleResult, to direction) {
	flips := o.flips(rules)
	count := func(nowDenied, nowAllowed *int) {
		if to == denied {
			*nowDenied++
		} else {
			*nowAllowed++
		}
	}
	if to == denied {
		t.sum.NewlyDenied = push(t.sum.NewlyDenied, maxFlips, flips...)
	} else {
		t.sum.NewlyAllowed = push(t.sum.NewlyAllowed, maxFlips, flips...)
	}
	for _, code := range codes(rules) {
		r := t.rule(code)
		count(&r.NewlyDenied, &r.NewlyAllowed)
		r.Examples = push(r.Examples, maxExamples, naming(flips, code)...)
	}
	for _, f := range flips {
		s := group(t.stacks, f.StackID, func(id string) *aegis.StackFlips { return &aegis.StackFlips{StackID: id} })
		count(&s.NewlyDenied, &s.NewlyAllowed)
		s.Examples = push(s.Examples, maxExamples, f)
	}
	for _, kind := range o.types(rules) {
		g := group(t.types, kind, func(name string) *aegis.TypeFlips { return &aegis.TypeFlips{Type: name} })
		count(&g.NewlyDenied, &g.NewlyAllowed)
		g.Examples = push(g.Examples, maxExamples, flips...)
	}
}

// terms adds a decision that both sides allow.
func (t *tally) terms(o outcome) {
	before, after := terms(o.before), terms(o.after)
	n := &t.sum.Totals
	step(before.Canary, after.Canary, &n.CanaryAdded, &n.CanaryRemoved)
	step(before.Snapshot, after.Snapshot, &n.SnapshotAdded, &n.SnapshotRemoved)
	step(before.Simulate, after.Simulate, &n.SimulateAdded, &n.SimulateRemoved)
	switch cmp.Compare(after.SoakSeconds, before.SoakSeconds) {
	case 1:
		n.SoakLonger++
	case -1:
		n.SoakShorter++
	}
	if !sameGrant(o.before, o.after) {
		n.ExecutionPolicyChanged++
	}
	if before != after {
		t.sum.RequirementsChanged = push(t.sum.RequirementsChanged, maxFlips, aegis.SimulatedTerms{
			DecisionID: o.DecisionID, ChangeSetID: o.ChangeSetID, StackIDs: o.StackIDs, Before: before, After: after,
			DecidedAt: o.decidedAt(),
		})
	}
}

func step(before, after bool, added, removed *int) {
	switch {
	case after && !before:
		*added++
	case before && !after:
		*removed++
	}
}

// stillDenied adds a decision that both sides deny, for other reasons.
func (t *tally) stillDenied(o outcome) {
	for _, code := range fresh(o.before.Deny, o.after.Deny) {
		t.rule(code).AlsoDenies++
	}
	for _, code := range fresh(o.after.Deny, o.before.Deny) {
		t.rule(code).NoLongerDenies++
	}
}

func (t *tally) warnings(o outcome) {
	warned := fresh(o.before.Warn, o.after.Warn)
	if len(warned) > 0 {
		t.sum.Totals.NewlyWarned++
	}
	for _, code := range warned {
		t.rule(code).NewlyWarned++
	}
}

func (t *tally) rule(code string) *aegis.RuleFlips {
	return group(t.rules, clip(code, maxCode), func(code string) *aegis.RuleFlips {
		return &aegis.RuleFlips{Code: code, Examples: []aegis.SimulatedFlip{}}
	})
}

// group finds a group or makes it, as long as there are not too many.
func group[G any](groups map[string]*G, key string, create func(string) *G) *G {
	if g, ok := groups[key]; ok {
		return g
	}
	if len(groups) >= maxGroups {
		key = others
		if g, ok := groups[key]; ok {
			return g
		}
	}
	g := create(key)
	groups[key] = g
	return g
}

// push appends up to a bound.
func push[T any](list []T, most int, more ...T) []T {
	room := max(0, most-len(list))
	return append(list, more[:min(room, len(more))]...)
}

// report sorts the groups, those that matter most first.
func (t *tally) report() aegis.Simulation {
	out := t.sum
	out.ByRule = ranked(t.rules, func(r aegis.RuleFlips) rank {
		return rank{r.NewlyDenied, r.NewlyAllowed, r.AlsoDenies + r.NoLongerDenies + r.NewlyWarned, r.Code}
	})
	out.ByStack = ranked(t.stacks, func(s aegis.StackFlips) rank { return rank{s.NewlyDenied, s.NewlyAllowed, 0, s.StackID} })
	out.ByType = ranked(t.types, func(g aegis.TypeFlips) rank { return rank{g.NewlyDenied, g.NewlyAllowed, 0, g.Type} })
	return out
}

type rank struct {
	denied, allowed, rest int
	name                  string
}

func ranked[G any](groups map[string]*G, of func(G) rank) []G {
	list := make([]G, 0, len(groups))
	for g := range maps.Values(groups) {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(x, y G) int {
		a, b := of(x), of(y)
		return cmp.Or(cmp.Compare(b.denied, a.denied), cmp.Compare(b.allowed, a.allowed), cmp.Compare(b.rest, a.rest),
			cmp.Compare(a.name, b.name))
	})
	return list
}
