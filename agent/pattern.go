package agent

import (
	"fmt"
	"strings"
)

// A pattern is a phrase in a small notation: words that must be there, a|b
// for alternatives, multi_word for several words in a row, @class for a named
// set of synonyms, [optional parts] and <name:kind> for slots.
type pattern []element

// element is one part of a pattern; exactly one of its fields is set.
type element struct {
	phrases  [][]string
	slot     *slot
	optional pattern
}

type slot struct{ name, kind string }

// compile reads the notation. It panics on a mistake in it, which any test
// that makes a Planner finds.
func compilePattern(text string, classes map[string][]string) pattern {
	p, rest := compileSequence(strings.Fields(strings.NewReplacer("[", " [ ", "]", " ] ").Replace(text)), classes)
	if len(rest) > 0 {
		panic(fmt.Sprintf("pattern %q: unbalanced brackets", text))
	}
	return p
}

func compileSequence(parts []string, classes map[string][]string) (p pattern, rest []string) {
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		switch {
		case part == "]":
			return p, parts
		case part == "[":
			var inner pattern
			inner, parts = compileSequence(parts, classes)
			p = append(p, element{optional: inner})
		case part[0] == '<':
			p = append(p, element{slot: newSlot(part)})
		default:
			p = append(p, element{phrases: newPhrases(part, classes)})
		}
	}
	return p, nil
}

func newSlot(part string) *slot {
	name, kind, ok := strings.Cut(strings.Trim(part, "<>"), ":")
	if !ok {
		kind = name
	}
	return &slot{name: name, kind: kind}
}

func newPhrases(part string, classes map[string][]string) (phrases [][]string) {
	for alternative := range strings.SplitSeq(part, "|") {
		class, isClass := strings.CutPrefix(alternative, "@")
		if !isClass {
			phrases = append(phrases, strings.Split(alternative, "_"))
			continue
		}
		synonyms, ok := classes[class]
		if !ok {
			panic(fmt.Sprintf("pattern part %q: no such class", part))
		}
		for _, s := range synonyms {
			phrases = append(phrases, strings.Fields(s))
		}
	}
	return phrases
}

// args are the values of a match's slots, by name.
type args map[string]any

// reader reads a slot's value in every way it can, longest first.
type reader func(kind string, tokens []token) []slotValue

type slotValue struct {
	value any
	taken int
}

// match says whether the pattern covers all of the tokens, and with which
// values.
func (p pattern) match(tokens []token, read reader) (args, bool) {
	found := args{}
	ok := p.walk(tokens, read, found, func(rest []token) bool { return len(rest) == 0 })
	return found, ok
}

func (p pattern) walk(tokens []token, read reader, found args, done func([]token) bool) bool {
	if len(p) == 0 {
		return done(tokens)
	}
	next := func(rest []token) bool { return p[1:].walk(rest, read, found, done) }
	switch e := p[0]; {
	case e.slot != nil:
		return e.slot.walk(tokens, read, found, next)
	case e.optional != nil:
		return e.optional.walk(tokens, read, found, next) || next(tokens)
	default:
		for _, phrase := range e.phrases {
			if n := begins(tokens, phrase); n > 0 && next(tokens[n:]) {
				return true
			}
		}
		return false
	}
}

func (s *slot) walk(tokens []token, read reader, found args, next func([]token) bool) bool {
	for _, r := range read(s.kind, tokens) {
		found[s.name] = r.value
		if next(tokens[r.taken:]) {
			return true
		}
		delete(found, s.name)
	}
	return false
}

// begins counts the tokens of the phrase when the tokens begin with it.
func begins(tokens []token, phrase []string) int {
	if len(tokens) < len(phrase) {
		return 0
	}
	for i, word := range phrase {
		if tokens[i].word != word {
			return 0
		}
	}
	return len(phrase)
}
