package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// reading is what a goal's text and its constraints say.
type reading struct {
	clauses []clause
	// aim is the objective, nil for none, and aimText its words.
	aim     *aim
	aimText string
	limits  limits
	// told are the limits that the intent itself gives, in its words.
	told []string
	// again is the intent as the loose reader said it again, nil when the grammar
	// covers it, context what that passed over.
	again, context []string
	// strangers says which of its domains nobody knows, "" is none.
	strangers string
}

// read reads a goal that was asked for at a time. With a refusal it returns what
// it could read.
func (g *grammar) read(goal aegis.GoalSpec, asked time.Time) (reading, error) {
	tokens, err := lex(goal.Intent)
	if err != nil {
		return reading{}, explain(err, goal.Intent)
	}
	r := reading{}
	if r.limits, err = g.constraints(goal, asked); err != nil {
		_ = g.parse(&r, tokens) // so that it can be said what was read
		return r, err
	}
	if err := g.atlas.decided(tokens); err != nil {
		return r, err
	}
	if err := g.parseOrSayAgain(&r, goal.Intent, tokens); err != nil {
		return r, explain(err, goal.Intent)
	}
	if err := r.limits.known(g.atlas.configured); err != nil {
		return r, err
	}
	return r, r.limits.checkClauses(r.clauses)
}

// parseOrSayAgain reads an intent by the grammar, and one that it does not cover
// as the loose reader says it again.
func (g *grammar) parseOrSayAgain(r *reading, text string, tokens []token) error {
	strict := *r
	err := g.parse(&strict, tokens)
	if err == nil {
		*r = strict
		return nil
	}
	refused, unread := errors.AsType[*refusal](err)
	if unread = unread && refused.unread; !unread {
		*r = strict
		return err // it was read, and can't be
	}
	said, ok := g.loose.read(text)
	if !ok {
		*r = strict
		return err
	}
	again := *r
	for _, sentence := range said.sentences {
		if g.sentence(&again, sentence) != nil {
			*r = strict
			return err
		}
	}
	if again.whole() != nil {
		*r = strict
		return err
	}
	again.again, again.context = said.sentences, said.context
	*r = again
	return nil
}

// sentence reads one sentence of several.
func (g *grammar) sentence(r *reading, text string) error {
	tokens, err := lex(text)
	if err != nil {
		return err
	}
	return g.pieces(r, tokens)
}

// whole refuses a reading that asks for nothing, or where it is not certain where.
func (r reading) whole() error {
	if len(r.clauses) == 0 && r.aim == nil {
		return refuse("it sets limits and asks for nothing")
	}
	return placed(r.clauses)
}

// parse reads an intent, and refuses when not every word is accounted for.
func (g *grammar) parse(r *reading, tokens []token) error {
	if err := g.pieces(r, tokens); err != nil {
		return err
	}
	return r.whole()
}

// pieces reads all pieces between separators.
func (g *grammar) pieces(r *reading, tokens []token) error {
	pieces := split(tokens)
	if len(pieces) == 0 {
		return refuse("it is empty")
	}
	if len(pieces) > maxClauses {
		return refuse("it asks for more than %d things at once", maxClauses)
	}
	var inherited scope
	for first := true; len(pieces) > 0; first = false {
		before := len(r.clauses)
		taken, err := g.longest(r, pieces)
		if err != nil {
			return err
		}
		if taken == 0 {
			return &refusal{text: fmt.Sprintf("can't read %q", spell(trim(slices.Concat(pieces...)))), unread: true}
		}
		pieces = pieces[taken:]
		for i := range r.clauses[before:] {
			c := &r.clauses[before+i]
			if first && c.scope.leading {
				inherited = c.scope
			}
			if !c.scope.given() {
				c.scope = inherited
			}
			if err := g.primary(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// primary places what only the primary region's stack does for all regions.
func (g *grammar) primary(c *clause) error {
	if !c.primary || len(g.atlas.configured) == 0 {
		return nil
	}
	home := g.atlas.configured[:1]
	if c.scope.narrow() && !slices.Equal(c.scope.named, home) {
		return refuse("%q: the stack in %s does that for all regions at once", c.text, home[0])
	}
	c.scope = scope{named: home}
	return nil
}

// add takes a clause up, behind what it needs.
func (r *reading) add(c clause) {
	for _, n := range c.needs {
		r.clauses = append(r.clauses, clause{
			text: c.text, scope: c.scope, edit: n.edit, intent: Intent{Name: c.intent.Name, Layer: n.layer, Summary: c.intent.Summary},
		})
	}
	r.clauses = append(r.clauses, c)
}

// longest reads from as many pieces as it can; 0 is none.
func (g *grammar) longest(r *reading, pieces [][]token) (taken int, err error) {
	for n := min(maxJoined, len(pieces)); n > 0; n-- {
		ok, err := g.part(r, trim(slices.Concat(pieces[:n]...)))
		if ok || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// part reads tokens as a clause, an objective or a limit, or as one of them with
// limits behind it.
func (g *grammar) part(r *reading, tokens []token) (bool, error) {
	if ok, err := g.whole(r, tokens); ok || err != nil {
		return ok, err
	}
	for k := len(tokens) - 1; k > 0 && len(tokens)-k <= longestLimit; k-- {
		if !slices.Contains(limitBeginnings(), tokens[k].word) {
			continue
		}
		take := g.limit(tokens[k:])
		if take == nil {
			continue
		}
		if ok, err := g.part(r, trim(tokens[:k])); ok || err != nil {
			r.limit(take, tokens[k:])
			return ok, err
		}
	}
	return false, nil
}

// longestLimit is how many words a limit at the end of a clause has at most.
const longestLimit = 12

func limitBeginnings() []string {
	return []string{"under", "for", "by", "within", "without", "with", "at", "before", "below", "no", "until", "spending", "costing", "in", "up"}
}

// whole reads tokens that are one clause, objective or limit.
func (g *grammar) whole(r *reading, tokens []token) (bool, error) {
	if c, err := g.clause(tokens); c != nil || err != nil {
		if c != nil {
			r.add(*c)
		}
		return c != nil, err
	}
	a, err := g.objective(tokens)
	if err != nil {
		return false, err
	}
	if a != nil {
		if r.aim != nil {
			return false, refuse("it has two ends, %q and %q: submit a goal for each", r.aimText, spell(tokens))
		}
		r.aim, r.aimText = a, spell(tokens)
		return true, nil
	}
	take := g.limit(tokens)
	if take == nil {
		return false, nil
	}
	r.limit(take, tokens)
	return true, nil
}

func (r *reading) limit(take func(*limits), tokens []token) {
	take(&r.limits)
	r.told = append(r.told, spell(tokens))
}

// objective reads tokens as an objective; nil when they are none.
func (g *grammar) objective(tokens []token) (*aim, error) {
	where, rest, ok := g.atlas.scopeOf(tokens)
	core := plain(tokens)
	for _, o := range g.objectives {
		words := core
		if o.objective.placed {
			if !ok {
				continue
			}
			words = plain(rest)
		}
		joined := slices.DeleteFunc(slices.Clone(words), func(t token) bool { return t.raw == "," })
		for _, p := range o.patterns {
			found, fits := p.match(words, g.slots.read)
			if !fits {
				found, fits = p.match(joined, g.slots.read)
			}
			if fits {
				a, err := o.objective.read(found, where)
				a.intent, a.regions = o.objective.Name, g.regionsIn(tokens)
				return &a, err
			}
		}
	}
	return nil, nil
}

// spoken says what was read, in a sentence.
func (r reading) spoken() string {
	var parts []string
	if r.aim != nil {
		parts = append(parts, r.aim.summary)
	}
	for _, c := range r.clauses {
		parts = append(parts, c.edit.summary+c.scope.words())
	}
	if len(parts) == 0 {
		return ""
	}
	return sentence(strings.Join(parts, "; ")) + "."
}
