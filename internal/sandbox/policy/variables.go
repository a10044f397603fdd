package policy

import "strings"

// expand replaces policy variables, such as ${aws:username}, in a pattern. It
// fails when a variable has no value and no default: the pattern then matches
// nothing.
func (ctx Context) expand(pattern string) (string, bool) {
	if !strings.Contains(pattern, "${") {
		return pattern, true
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "${")
		out.WriteString(before)
		if !found {
			return out.String(), true
		}
		variable, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", false
		}
		value, ok := ctx.variable(variable)
		if !ok {
			return "", false
		}
		out.WriteString(value)
		pattern = after
	}
}

// variable is the value of "name" or "name, 'default'". ${*}, ${?} and ${$}
// stand for the characters themselves; the first two remain wildcards here.
func (ctx Context) variable(text string) (string, bool) {
	switch text {
	case "*", "?", "$":
		return text, true
	}
	name, fallback, hasFallback := strings.Cut(text, ",")
	if found := ctx[strings.ToLower(strings.TrimSpace(name))]; len(found) == 1 {
		return found[0], true
	}
	return strings.Trim(strings.TrimSpace(fallback), "'"), hasFallback
}

func (ctx Context) expandAll(patterns []string) ([]string, bool) {
	out := make([]string, len(patterns))
	for i, pattern := range patterns {
		expanded, ok := ctx.expand(pattern)
		if !ok {
			return nil, false
		}
		out[i] = expanded
	}
	return out, true
}
