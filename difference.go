package aegis

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// maxNesting is how deep maps are compared member by member.
const maxNesting = 4

// Difference is one path at which a resource's attributes differ.
type Difference struct {
	// Attribute is the dotted path.
	Attribute string
	// Before and After are nil where there is nothing.
	Before, After any
}

// Differences are the paths at which Before and After differ, sorted. Maps are
// entered, lists are not: their order has a meaning that is not known here. All
// tags are tags and the defaults, which is said once.
func (c ResourceChange) Differences() []Difference {
	var found []Difference
	compare("", c.Before, c.After, c.Sensitive, 0, func(d Difference) { found = append(found, d) })
	found = slices.DeleteFunc(found, func(d Difference) bool {
		rest, ok := strings.CutPrefix(d.Attribute, "tags_all")
		return ok && slices.ContainsFunc(found, func(o Difference) bool { return o.Attribute == "tags"+rest || o.Attribute == "tags" })
	})
	slices.SortFunc(found, func(a, b Difference) int { return strings.Compare(a.Attribute, b.Attribute) })
	return found
}

func compare(path string, before, after map[string]any, sensitive []string, depth int, visit func(Difference)) {
	names := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		b, a := before[name], after[name]
		full := name
		if path != "" {
			full = path + "." + name
		}
		masked := depth == 0 && b == Masked && slices.Contains(sensitive, full)
		if SameValue(b, a) && !masked {
			continue
		}
		inB, okB := b.(map[string]any)
		inA, okA := a.(map[string]any)
		if okB && okA && depth < maxNesting {
			compare(full, inB, inA, sensitive, depth+1, visit)
			continue
		}
		visit(Difference{full, b, a})
	}
}

// SameValue compares values by their JSON.
func SameValue(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Nothing says that a value is none, in one of the ways that engines and
// providers write that: null, "" and an empty collection.
func Nothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return false
	}
}

// SetPath sets what is at a path of names in nested maps, and makes those that
// are missing.
func SetPath(into map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := into[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[name] = inner
		}
		into = inner
	}
	into[path[len(path)-1]] = value
}

// ExpectedDrift is drift that a rule lets be.
type ExpectedDrift struct {
	Address   string `json:"address"`
	Type      string `json:"type"`
	Attribute string `json:"attribute"`
	Before    any    `json:"before"`
	After     any    `json:"after"`
	RuleID    string `json:"rule_id"`
}

// Expect is the observation without the drift that the rules cover, which it
// has as Expected instead.
func (o Observation) Expect(rules []DriftRule) Observation {
	if len(rules) == 0 || len(o.Drift) == 0 {
		return o
	}
	drift := make([]ResourceChange, 0, len(o.Drift))
	o.Expected = slices.Clone(o.Expected)
	for _, c := range o.Drift {
		rest, expected, drifts := c.expect(o.StackID, rules)
		o.Expected = append(o.Expected, expected...)
		if drifts {
			drift = append(drift, rest)
		}
	}
	o.Drift = drift
	return o
}

// expect takes what rules cover out of a change; drifts says that anything is
// left.
func (c ResourceChange) expect(stackID string, rules []DriftRule) (rest ResourceChange, expected []ExpectedDrift, drifts bool) {
	note := func(d Difference) bool {
		i := slices.IndexFunc(rules, func(r DriftRule) bool { return r.Covers(stackID, c.Address, c.Type, d.Attribute) })
		if i < 0 {
			return false
		}
		expected = append(expected, ExpectedDrift{c.Address, c.Type, d.Attribute, d.Before, d.After, rules[i].RuleID})
		return true
	}
	if c.Action == ActionDelete {
		return c, expected, !note(Difference{Before: c.Before})
	}
	differences := c.Differences()
	rest = c
	for _, d := range differences {
		if note(d) {
			rest = rest.Without(d.Attribute)
		}
	}
	// Without differences there is nothing that could be covered.
	return rest, expected, len(expected) < len(differences) || len(differences) == 0
}

// Without is the change without what is at a path, or at the same path of all
// tags.
func (c ResourceChange) Without(path string) ResourceChange {
	paths := []string{path}
	if rest, ok := strings.CutPrefix(path, "tags"); ok && (rest == "" || rest[0] == '.') {
		paths = append(paths, "tags_all"+rest)
	}
	for _, p := range paths {
		c.Before, c.After = removed(c.Before, p), removed(c.After, p)
	}
	c.Sensitive = slices.DeleteFunc(slices.Clone(c.Sensitive), func(s string) bool { return slices.Contains(paths, s) })
	return c
}

// removed is a copy of a map without what is at a dotted path. A name may have
// dots itself, as tags do.
func removed(m map[string]any, path string) map[string]any {
	if m == nil {
		return nil
	}
	out := maps.Clone(m)
	if _, ok := m[path]; ok {
		delete(out, path)
		return out
	}
	for name, value := range m {
		rest, ok := strings.CutPrefix(path, name+".")
		inner, isMap := value.(map[string]any)
		if ok && isMap {
			out[name] = removed(inner, rest)
		}
	}
	return out
}
