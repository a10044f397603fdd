package agent

import (
	"slices"
	"strings"
)

// shortestMended bounds the words that are taken for a slip of the keyboard: shorter
// ones are too like others. With two letters the wrong way round they are less so.
const shortestMended, shortestSwapped = 6, 5

// spelling knows which words a text may have meant: by what is left of each without
// one of its letters, which is what a letter too many, too few, or two the wrong way
// round have in common.
type spelling struct {
	known wordSet
	parts map[string][]string
}

func newSpelling(l *loose) *spelling {
	s := &spelling{known: wordSet{}, parts: map[string][]string{}}
	for _, list := range l.phrases {
		for _, p := range list {
			for _, word := range p.words {
				s.learn(word)
			}
		}
	}
	for _, set := range []wordSet{l.fillers, l.dangers, l.statements, l.finite, l.imperatives, l.openings, l.objects, l.duties, l.conditions, l.negations} {
		for word := range set {
			s.learn(word)
		}
	}
	return s
}

func (s *spelling) learn(word string) {
	if s.known[word] || strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return
	}
	s.known[word] = true
	if len(word) < shortestSwapped {
		return
	}
	for _, part := range append(shortened(word), word) {
		s.parts[part] = append(s.parts[part], word)
	}
}

// shortened are what is left of a word without each of its letters.
func shortened(word string) []string {
	parts := make([]string, len(word))
	for i := range word {
		parts[i] = word[:i] + word[i+1:]
	}
	return parts
}

// meant is the one known word that a word misses by a letter too many, too few, or by
// two that change places; "" is none or several.
func (s *spelling) meant(word string) string {
	meant := ""
	for _, part := range append(shortened(word), word) {
		for _, candidate := range s.parts[part] {
			if candidate == meant || !slip(word, candidate) {
				continue
			}
			if meant != "" {
				return ""
			}
			meant = candidate
		}
	}
	return meant
}

// slip says that one letter too many or too few, or two the wrong way round, make one
// word of the other. One at the end makes another form of it.
func slip(a, b string) bool {
	if len(a) != len(b) {
		return len(a) >= shortestMended && len(b) >= shortestMended && !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a) && oneOff(a, b)
	}
	for i := range len(a) - 1 {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

// spelt has words of letters alone that nobody knows as what they were meant to be.
// Names, and what stands beside what is named, stay as they are.
func (l *loose) spelt(tokens []token) []token {
	out := slices.Clone(tokens)
	for i, t := range tokens {
		if t.sep || len(t.word) < shortestSwapped || l.spelling.known[t.word] || strings.ContainsFunc(t.word, func(r rune) bool { return r < 'a' || r > 'z' }) {
			continue
		}
		if _, n := l.sense(tokens[i:]); n > 0 {
			continue
		}
		if _, named := l.named(tokens, i); named {
			continue
		}
		if found, _ := l.grammar.atlas.region(adjectives(tokens[i:])); len(found) > 0 {
			continue
		}
		if meant := l.spelling.meant(t.word); meant != "" {
			out[i] = token{raw: meant, word: meant}
		}
	}
	return out
}
