package rollout

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aegisworld/aegis"
)

// uncovered returns a reason why a plan does something that was not judged, ""
// when all of it was.
//
// It is the proof that an interrupted run may go on although its digest
// differs: what is left to do must be a part of what was judged. A change is
// covered when the judged difference has one of the same address and type,
// whose action may leave such a rest (see rests), and which leads to the same
// values. Values that were unknown when they were judged, or are unknown now,
// follow from the program and from covered changes; they are not compared.
func uncovered(plan aegis.Plan, judged []aegis.ResourceChange) string {
	for _, c := range plan.Changes {
		i := slices.IndexFunc(judged, func(j aegis.ResourceChange) bool {
			return j.Address == c.Address && j.Type == c.Type && (j.StackID == "" || c.StackID == "" || j.StackID == c.StackID)
		})
		if i < 0 {
			return fmt.Sprintf("%s of %s was not judged", c.Action, c.Address)
		}
		if !slices.Contains(rests(judged[i].Action), c.Action) {
			return fmt.Sprintf("%s of %s was judged, not %s", judged[i].Action, c.Address, c.Action)
		}
		if c.Action == aegis.ActionDelete {
			continue
		}
		unknown := append(slices.Clone(judged[i].Unknown), c.Unknown...)
		if path, same := sameValues(plain(judged[i].After), plain(c.After), "", unknown); !same {
			return fmt.Sprintf("%s of %s sets %s to another value than judged", c.Action, c.Address, path)
		}
	}
	return ""
}

// rests are the actions that an interrupted action may leave to do: a resource
// that was created and adopted after a crash may need an update, and a
// replacement consists of a creation and a deletion.
func rests(judged aegis.Action) []aegis.Action {
	switch judged {
	case aegis.ActionCreate:
		return []aegis.Action{aegis.ActionCreate, aegis.ActionUpdate}
	case aegis.ActionUpdate:
		return []aegis.Action{aegis.ActionUpdate}
	case aegis.ActionReplace:
		return []aegis.Action{aegis.ActionReplace, aegis.ActionCreate, aegis.ActionUpdate, aegis.ActionDelete}
	case aegis.ActionDelete:
		return []aegis.Action{aegis.ActionDelete}
	default:
		return nil
	}
}

// sameValues compares two JSON values and names the first path that differs.
func sameValues(a, b any, path string, unknown []string) (differs string, same bool) {
	if isUnknown(path, unknown) || (a == nil || b == nil) && holdsUnknown(path, unknown) {
		return "", true
	}
	switch left := a.(type) {
	case map[string]any:
		if right, ok := b.(map[string]any); ok {
			return sameMembers(left, right, path, unknown)
		}
	case []any:
		if right, ok := b.([]any); ok && len(left) == len(right) {
			for i := range left {
				if p, ok := sameValues(left[i], right[i], join(path, strconv.Itoa(i)), unknown); !ok {
					return p, false
				}
			}
			return "", true
		}
	}
	return path, reflect.DeepEqual(a, b)
}

func sameMembers(a, b map[string]any, path string, unknown []string) (differs string, same bool) {
	keys := slices.Sorted(maps.Keys(a))
	for key := range b {
		if _, seen := a[key]; !seen {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if p, ok := sameValues(a[key], b[key], join(path, key), unknown); !ok {
			return p, false
		}
	}
	return "", true
}

// isUnknown says that path is an unknown one or lies below one.
func isUnknown(path string, unknown []string) bool {
	return path != "" && slices.ContainsFunc(unknown, func(u string) bool {
		u = dotted(u)
		return path == u || strings.HasPrefix(path, u+".")
	})
}

// holdsUnknown says that an unknown path lies below path.
func holdsUnknown(path string, unknown []string) bool {
	return path != "" && slices.ContainsFunc(unknown, func(u string) bool {
		return strings.HasPrefix(dotted(u), path+".")
	})
}

// dotted writes a[0].b as a.0.b.
func dotted(path string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(path)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// plain is a value as JSON has it, so that values from an engine and from the
// store compare.
func plain(value map[string]any) any {
	data, err := json.Marshal(value)
	if err != nil {
		return value
	}
	var out any
	if json.Unmarshal(data, &out) != nil {
		return value
	}
	return out
}
