package agent

import (
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// Estimate is what a stack's change from one spec to another is thought to be.
func Estimate(from, to aegis.Spec) ([]aegis.ResourceChange, error) {
	return estimate(stackChange{
		stack: aegis.Stack{StackID: "s", Layer: from.Layer, Region: from.Region}, revision: aegis.SpecRevision{Spec: from}, after: to,
	})
}

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

// Speaker returns a function that says what a text is read as, and what of it is taken
// as context or a limit.
func Speaker(regions []string) func(text string) (said, context string, err error) {
	g := newGrammar(regions)
	return func(text string) (said, context string, err error) {
		r, err := g.read(aegis.GoalSpec{Intent: text}, time.Unix(0, 0))
		return r.spoken(), strings.Join(append(slices.Clone(r.context), r.told...), "; "), err
	}
}
