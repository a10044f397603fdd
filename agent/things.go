package agent

import (
	"fmt"
	"maps"
	"slices"
)

// thingShapes writes each phrasing with every way of naming things of a sort, such
// as "cache" and "caches", which may be alternatives "a|b"; adjective may stand
// before them.
func thingShapes(adjective, one, many string, phrasings ...string) (all []string) {
	prefix := ""
	if adjective != "" {
		prefix = "[" + adjective + "] "
	}
	for _, p := range phrasings {
		for _, shape := range []string{
			"<all:everyone> " + prefix + many + "|" + one, prefix + one + " [named|called] <name>", "<name> " + prefix + one, prefix + one, prefix + many,
		} {
			all = append(all, fmt.Sprintf(p, shape))
		}
	}
	return all
}

// thingWords name what a phrase means, such as "cache sessions".
func thingWords(a args, one, many string) string {
	switch {
	case a.has("all"):
		return "all " + many
	case a.has("name"):
		return one + " " + a.text("name")
	default:
		return "the " + one
	}
}

// onThings changes things of a spec by name: the one that a phrase means, all, or the
// only one.
func onThings[S, T any](a args, kind string, of func(*S) map[string]T, alter func(*T) error) change {
	return on(func(s *S, _ func(string)) error {
		things := of(s)
		if len(things) == 0 {
			return refuse("there is no %s", kind)
		}
		names, err := chosen(a, kind, slices.Sorted(maps.Keys(things)))
		if err != nil {
			return err
		}
		for _, name := range names {
			thing := things[name]
			if err := alter(&thing); err != nil {
				return err
			}
			things[name] = thing
		}
		return nil
	})
}

// adding makes an edit's apply that adds a thing to a spec, unless it has one of that
// name. kind has its article: "a cache".
func adding[S, T any](kind, name string, of func(*S) *map[string]T, thing T) change {
	return on(func(s *S, _ func(string)) error {
		things := of(s)
		if _, exists := (*things)[name]; exists {
			return refuse("there is %s %q already: say what of it is to change", kind, name)
		}
		if *things == nil {
			*things = map[string]T{}
		}
		(*things)[name] = thing
		return nil
	})
}

// dropping makes an edit's apply that takes a thing away.
func dropping[S, T any](kind, name string, of func(*S) map[string]T) change {
	return on(func(s *S, _ func(string)) error {
		things := of(s)
		if _, exists := things[name]; !exists {
			return refuse("there is no %s %q; %s", kind, name, oneOf("there are", slices.Sorted(maps.Keys(things))))
		}
		delete(things, name)
		return nil
	})
}

// orElse is a match's count, or another where it has none.
func (a args) orElse(name string, other int) int {
	if a.has(name) {
		return a.count(name)
	}
	return other
}
