package agent

import (
	"slices"
	"strings"
)

// Bounds of what a goal may ask at once.
const (
	maxClauses = 24
	// maxJoined is how many pieces between separators one clause may span, as
	// in "add log groups a, b and c in eu-west-1 and us-east-1".
	maxJoined = 8
)

// grammar reads intents.
type grammar struct {
	atlas      atlas
	slots      slots
	entries    []entry
	objectives []aimed
	limits     []bounded
	loose      *loose
}

// aimed is an objective with its compiled patterns, bounded a form of constraint
// with its.
type (
	aimed struct {
		objective objective
		patterns  []pattern
	}
	bounded struct {
		constraint constraint
		patterns   []pattern
	}
)

// entry is an intent with its compiled patterns.
type entry struct {
	intent   intent
	patterns []pattern
}

func newGrammar(regions []string) *grammar {
	g := &grammar{atlas: atlas{configured: regions}}
	g.slots = slots{atlas: g.atlas}
	synonyms := synonyms()
	compile := func(phrasings []string) (patterns []pattern) {
		for _, text := range phrasings {
			patterns = append(patterns, compilePattern(text, synonyms))
		}
		return patterns
	}
	for _, in := range catalog() {
		g.entries = append(g.entries, entry{intent: in, patterns: compile(in.phrasings)})
	}
	for _, o := range objectives() {
		g.objectives = append(g.objectives, aimed{o, compile(o.phrasings)})
	}
	for _, c := range constraints() {
		g.limits = append(g.limits, bounded{c, compile(c.phrasings)})
	}
	g.loose = newLoose(g)
	return g
}

// synonyms are the classes that patterns name with @.
func synonyms() map[string][]string {
	return map[string][]string{
		"set": {"set", "change", "make", "put", "update", "adjust", "configure", "switch", "raise", "lower", "increase", "decrease", "reduce", "shorten", "lengthen", "extend", "bring"},
		"scale": {
			"scale", "resize", "size", "set", "bring", "grow", "shrink", "change", "adjust", "take", "get", "increase", "decrease",
			"reduce", "raise", "lower", "expand", "scale up", "scale down", "scale out", "scale in", "bring up", "bring down", "ramp", "ramp up",
		},
		"up":   {"scale up", "scale out", "grow", "increase", "expand", "raise", "scale"},
		"down": {"scale down", "scale in", "shrink", "decrease", "reduce", "lower"},
		"runtime": {
			"runtime", "runtime layer", "runtime nodes", "fleet", "cluster", "compute", "nodes", "servers", "instances", "machines", "workers",
			"worker nodes", "node group", "node pool", "node count", "instance count", "number of nodes", "number of instances",
			"number of servers", "number of workers", "number of machines", "asg", "autoscaling group", "auto scaling group", "capacity",
			"desired capacity", "desired nodes",
		},
		"nodes": {
			"node", "nodes", "instance", "instances", "server", "servers", "machine", "machines", "worker", "workers", "worker nodes",
			"host", "hosts", "vm", "vms",
		},
		"add":     {"add", "create", "make", "provision", "set up", "new", "spin up", "stand up", "reserve", "introduce"},
		"remove":  {"remove", "delete", "drop", "destroy", "get rid of"},
		"keep":    {"keep", "retain", "store", "hold", "preserve"},
		"max":     {"max", "maximum", "upper limit", "upper bound", "ceiling"},
		"min":     {"min", "minimum", "lower limit", "lower bound", "floor"},
		"double":  {"double", "triple", "quadruple", "halve"},
		"health":  {"health check", "health checks", "healthcheck", "healthchecks", "health"},
		"survive": {"survive", "withstand", "tolerate", "outlive", "resist", "be resilient against", "be resilient to", "cope with", "live through", "ride out", "get through", "weather", "handle"},
		"lose": {
			"losing", "loss of", "loss in", "failure of", "failure in", "outage of", "outage in", "disaster in", "when", "if",
		},
		"gone": {
			"fails", "failing", "goes down", "going down", "is down", "dies", "is lost", "is gone", "goes away", "is unavailable", "outage",
			"failure", "has outage", "breaks", "goes dark", "drops out", "disappears", "burns down", "falls over",
		},
	}
}

// clause is one thing asked for, with its place.
type clause struct {
	text    string
	intent  Intent
	edit    edit
	scope   scope
	needs   []need
	primary bool
}

// placed refuses a goal in which one clause names regions and another has
// none: it is not certain where the other is meant.
func placed(clauses []clause) error {
	for _, c := range clauses {
		if c.scope.given() {
			continue
		}
		for _, other := range clauses {
			if other.scope.narrow() {
				return refuse("ambiguous: where is %q meant? Name its regions or say \"everywhere\", as %q does", c.text, other.text)
			}
		}
	}
	return nil
}

// split cuts tokens at separators; each piece keeps the separators before it.
func split(tokens []token) [][]token {
	var pieces [][]token
	start := 0
	for i := 1; i < len(tokens); i++ {
		if tokens[i].sep && !tokens[i-1].sep {
			pieces = append(pieces, tokens[start:i])
			start = i
		}
	}
	if rest := tokens[start:]; len(trim(rest)) > 0 {
		pieces = append(pieces, rest)
	}
	return pieces
}

// clause reads tokens as one clause; nil when no intent covers them all.
func (g *grammar) clause(tokens []token) (*clause, error) {
	s, rest, ok := g.atlas.scopeOf(tokens)
	if !ok {
		return nil, nil
	}
	core := plain(rest)
	var found []*clause
	for _, e := range g.entries {
		c, err := e.read(core, g.slots)
		if err != nil {
			return nil, err
		}
		if c != nil {
			c.text, c.scope = spell(tokens), s
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	default:
		return nil, refuse("ambiguous: %q could mean %s", spell(tokens), meanings(found))
	}
}

// read matches an intent's patterns; the first that fits counts.
func (e entry) read(tokens []token, s slots) (*clause, error) {
	for _, p := range e.patterns {
		a, ok := p.match(tokens, s.read)
		if !ok {
			continue
		}
		change, err := e.intent.read(a)
		if err != nil {
			return nil, err
		}
		return &clause{intent: e.intent.Intent, edit: change, needs: e.intent.needs, primary: e.intent.primary}, nil
	}
	return nil, nil
}

func meanings(found []*clause) string {
	summaries := make([]string, len(found))
	for i, c := range found {
		summaries[i] = "“" + c.edit.summary + "”"
	}
	return strings.Join(summaries, " or ")
}

// plain drops words that carry no meaning here, and a polite beginning.
func plain(tokens []token) []token {
	kept := slices.DeleteFunc(slices.Clone(tokens), func(t token) bool {
		return slices.Contains([]string{"the", "a", "an", "our", "my", "your", "please", "kindly", "just", "now", "also"}, t.word)
	})
	for _, beginning := range []string{
		"could you", "can you", "would you", "i want you to", "i want to", "we want to", "i need to", "we need to", "i would like to",
		"we would like to", "i'd like to", "we'd like to", "let us", "let's", "make sure that", "make sure", "ensure that", "ensure",
		"we must", "i must", "we have to", "we should", "we ought to", "we'll need to", "it must", "it should", "it has to", "you should", "we", "i", "go ahead",
	} {
		if n := begins(kept, strings.Fields(beginning)); n > 0 {
			return trim(kept[n:])
		}
	}
	return trim(kept)
}
