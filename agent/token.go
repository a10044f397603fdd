package agent

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Bounds of what the planner reads.
const (
	maxText   = 4000
	maxTokens = 400
)

// token is one word of a text, a quoted string, or a separator of clauses.
type token struct {
	// raw is as written, without quotes and surrounding punctuation; word is
	// raw in lower case, "" for a quoted string.
	raw, word string
	// sep marks ",", ";" and the like, and the words "and" and "then".
	sep bool
}

func (t token) quoted() bool { return t.word == "" && !t.sep }

// lex splits a text into tokens.
func lex(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, refuse("it is %d bytes long; %d is the most", len(text), maxText)
	}
	var tokens []token
	for rest := []rune(text); len(rest) > 0; {
		if len(tokens) > maxTokens {
			return nil, refuse("it has more than %d words", maxTokens)
		}
		switch first := rest[0]; {
		case first == '\n' || first == ';':
			tokens, rest = append(tokens, token{raw: ";", sep: true}), rest[1:]
		case unicode.IsSpace(first) || strings.ContainsRune(`,.!?:()`, first) && bare(rest):
			if first == ',' {
				tokens = append(tokens, token{raw: ",", sep: true})
			}
			rest = rest[1:]
		default:
			var t []token
			t, rest = lexWord(rest)
			tokens = append(tokens, t...)
		}
	}
	return personal(tokens), nil
}

// bare says that the punctuation at the beginning belongs to no word.
func bare(rest []rune) bool {
	return rest[0] == '(' || len(rest) == 1 || unicode.IsSpace(rest[1])
}

// lexWord takes a quoted string or a run of characters up to white space.
func lexWord(rest []rune) ([]token, []rune) {
	if closing, ok := quotes(rest[0]); ok {
		if end := slices.Index(rest[1:], closing); end >= 0 && !unicode.IsLetter(at(rest, end+2)) {
			return []token{{raw: string(rest[1 : end+1])}}, rest[end+2:]
		}
		return nil, rest[1:]
	}
	end := slices.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == ';' })
	if end < 0 {
		end = len(rest)
	}
	return words(string(rest[:end])), rest[end:]
}

func at(runes []rune, i int) rune {
	if i < len(runes) {
		return runes[i]
	}
	return ' '
}

func quotes(r rune) (closing rune, ok bool) {
	switch r {
	case '"', '\'', '`':
		return r, true
	case '“', '”':
		return '”', true
	case '‘', '’':
		return '’', true
	default:
		return 0, false
	}
}

// words makes tokens of a run of characters: the word without what surrounds
// it, and a separator for a comma at its end or between two words.
func words(run string) []token {
	if before, after, ok := strings.Cut(run, ","); ok && after != "" && !isNumber(run) {
		return append(words(before+","), words(after)...)
	}
	trimmed := strings.TrimRight(run, ".,!?:)'\"’”")
	comma := strings.Contains(run[len(trimmed):], ",")
	trimmed = strings.TrimSuffix(strings.TrimSuffix(trimmed, "'s"), "’s")
	var tokens []token
	if trimmed != "" {
		lower := strings.ToLower(trimmed)
		tokens = append(tokens, token{raw: trimmed, word: lower, sep: lower == "and" || lower == "then" || lower == "&" || lower == "plus"})
	}
	if comma {
		tokens = append(tokens, token{raw: ",", sep: true})
	}
	return tokens
}

// spell writes tokens out again, for messages.
func spell(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && t.raw != "," && t.raw != ";" {
			b.WriteByte(' ')
		}
		if t.quoted() {
			fmt.Fprintf(&b, "%q", t.raw)
			continue
		}
		b.WriteString(t.raw)
	}
	return b.String()
}
