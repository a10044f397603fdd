package engine

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// differing reduces an observed difference to the attributes that differ, and
// the id; false says that nothing that matters does. changed names attributes
// that differ though their values are masked.
func differing(c aegis.ResourceChange, changed []string) (aegis.ResourceChange, bool) {
	before, after := map[string]any{}, map[string]any{}
	for _, name := range unionKeys(c.Before, c.After) {
		b, a := c.Before[name], c.After[name]
		masked := slices.Contains(changed, name) && hasPath(c.Sensitive, name)
		if masked || !same(b, a) {
			before[name], after[name] = b, a
		}
	}
	if c.Type == "aws_autoscaling_group" && withinBounds(c.After) {
		delete(before, "desired_capacity")
		delete(after, "desired_capacity")
	}
	if len(before) == 0 {
		return c, false
	}
	if id, ok := c.Before["id"]; ok {
		before["id"], after["id"] = id, c.After["id"]
	}
	c.Sensitive = slices.DeleteFunc(slices.Clone(c.Sensitive), func(path string) bool {
		top, _, _ := strings.Cut(path, ".")
		_, kept := before[top]
		return !kept
	})
	c.Before, c.After = before, after
	return c, true
}

// firstDifference names an attribute that differs; false says that nothing that
// matters does.
func firstDifference(c aegis.ResourceChange) (string, bool) {
	d, differs := differing(c, nil)
	if !differs {
		return "", false
	}
	for _, name := range unionKeys(d.Before, d.After) {
		if !same(d.Before[name], d.After[name]) {
			return name, true
		}
	}
	return "id", true
}

// same compares values, taking null, "" and empty collections for equal: a
// first read after a creation turns one into the other.
func same(a, b any) bool {
	if aegis.Nothing(a) && aegis.Nothing(b) {
		return true
	}
	return reflect.DeepEqual(plain(a), plain(b))
}

// plain is v as JSON decodes it, without empty members.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if !aegis.Nothing(x) {
				out[k] = plain(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plain(x)
		}
		return out
	case json.Number:
		f, _ := v.Float64()
		return f
	default:
		return v
	}
}

// withinBounds says that an Auto Scaling group's desired capacity is one that
// scaling may have chosen.
func withinBounds(group map[string]any) bool {
	low, ok1 := number(group["min_size"])
	high, ok2 := number(group["max_size"])
	desired, ok3 := number(group["desired_capacity"])
	return ok1 && ok2 && ok3 && low <= desired && desired <= high
}

func number(v any) (float64, bool) {
	switch v := plain(v).(type) {
	case float64:
		return v, true
	default:
		return 0, false
	}
}

func hasPath(paths []string, name string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p == name || strings.HasPrefix(p, name+".") })
}

func unionKeys(a, b map[string]any) []string {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		keys = append(keys, k)
	}
	return unique(keys)
}
