package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// understanding says how the intent was read and what it comes to.
func (pl plan) understanding() string {
	if len(pl.clauses) == 0 {
		return "nothing"
	}
	var parts []string
	for _, c := range pl.clauses {
		parts = append(parts, c.edit.summary+c.scope.words())
	}
	text := sentence(strings.Join(parts, "; ")) + "."
	for _, l := range pl.layers {
		for _, s := range l.stacks {
			text += fmt.Sprintf("\n%s: %s", s.stack.StackID, s.patch)
		}
	}
	for _, note := range pl.notes {
		text += "\n" + note
	}
	if pl.complete && len(pl.layers) == 0 {
		text += "\nNothing to do: it is so already."
	}
	return text
}

// words say where, as the text did.
func (s scope) words() string {
	switch {
	case len(s.named) > 0 && len(s.except) > 0:
		return " in " + strings.Join(s.named, ", ") + " except " + strings.Join(s.except, ", ")
	case len(s.named) > 0:
		return " in " + strings.Join(s.named, ", ")
	case len(s.except) > 0:
		return " everywhere except in " + strings.Join(s.except, ", ")
	default:
		return " everywhere"
	}
}

// place says in which regions, for a summary.
func (p *Planner) place(regions []string) string {
	if slices.Equal(regions, p.grammar.atlas.configured) {
		return " everywhere"
	}
	return " in " + strings.Join(regions, ", ")
}

// explain adds what the planner can do to a refusal to read an intent.
func explain(err error) error {
	refused := (*refusal)(nil)
	if !errors.As(err, &refused) {
		return err
	}
	var examples []string
	for _, in := range Intents() {
		examples = append(examples, in.Examples[0])
	}
	return refuse("goal not understood: %s. It can do, for instance: %s", shorten(refused.text), quoteAll(examples))
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = "“" + t + "”"
	}
	return strings.Join(quoted, ", ")
}

// maxQuoted bounds how much of a submitter's text a message repeats.
const maxQuoted = 300

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= maxQuoted {
		return text
	}
	return string([]rune(text)[:maxQuoted]) + "…"
}

func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
