package agent

import (
	"slices"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// Reader returns a function that names the intents that a text is read as.
func Reader(regions []string) func(text string) (names []string, err error) {
	g := newGrammar(regions)
	return func(text string) (names []string, err error) {
		r, err := g.read(aegis.GoalSpec{Intent: text}, time.Unix(0, 0))
		for _, c := range r.clauses {
			names = append(names, c.intent.Name)
		}
		if r.aim != nil {
			names = append(names, r.aim.intent)
		}
		return slices.Compact(names), err
	}
}
