package agent

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Blanks are what a goal leaves to be looked up: a model that says a goal again
// writes "<bucket>" for a name that stands in the estate, before it has seen any of
// that. What it is told later fills the blanks with names that are there, and changes
// nothing else: no number, no region, no other thing to do.
var blankPattern = regexp.MustCompile(`<([a-z][a-z_]{0,30})>`)

const maxBlanks = 6

// blanks are the names of a draft's blanks, in their order.
func blanks(draft []string) (names []string) {
	for _, sentence := range draft {
		for _, m := range blankPattern.FindAllStringSubmatch(sentence, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

// fill puts values in the place of a draft's blanks, each a name that the estate
// has.
func fill(draft []string, values map[string]string, estate map[string]bool) ([]string, error) {
	wanted := blanks(draft)
	for name := range values {
		if !slices.Contains(wanted, name) {
			return nil, fmt.Errorf("there is no blank <%s>", name)
		}
	}
	pairs := make([]string, 0, 2*len(wanted))
	for _, name := range wanted {
		value, ok := values[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("give a value for <%s>", name)
		case !estate[value]:
			return nil, fmt.Errorf("%q is no name in the estate", shorten(value))
		}
		pairs = append(pairs, "<"+name+">", value)
	}
	replacer := strings.NewReplacer(pairs...)
	filled := make([]string, len(draft))
	for i, sentence := range draft {
		filled[i] = replacer.Replace(sentence)
	}
	return filled, nil
}

// namesIn adds the keys of the objects in a spec's parameters: the names of what
// it declares.
func namesIn(parameters json.RawMessage, names map[string]bool) {
	var value any
	if json.Unmarshal(parameters, &value) != nil {
		return
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				names[key] = true
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(value)
}
