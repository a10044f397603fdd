package goals

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/aegisworld/aegis"
)

// Answer is what was made of a goal.
type Answer struct {
	Outcome Outcome
	// After are the parameters of the stacks that change, by layer and region, such
	// as "runtime.eu-west-1".
	After map[string]json.RawMessage
	// USDMonth is by how much a month costs more.
	USDMonth float64
}

// Answered makes an answer of a preview; before are the parameters of all stacks.
func Answered(p aegis.GoalPreview, before map[string]json.RawMessage) (Answer, error) {
	a := Answer{Outcome: Change, After: map[string]json.RawMessage{}}
	switch {
	case p.Error != "":
		return Answer{Outcome: Refused}, nil
	case len(p.Plan.Tasks) == 0:
		return Answer{Outcome: Nothing}, nil
	case !p.Allowed():
		a.Outcome = Denied
	}
	for _, task := range p.Plan.Tasks {
		for _, patch := range task.Patches {
			key := short(patch.StackID)
			merged, err := jsonpatch.MergePatch(before[key], patch.MergePatch)
			if err != nil {
				return a, fmt.Errorf("apply the patch of %s: %w", patch.StackID, err)
			}
			a.After[key] = merged
		}
	}
	for i, t := range p.Trials {
		a.USDMonth += t.CostDeltaUSDMonth
		if t.Waits {
			a.USDMonth += p.Plan.Tasks[i].EstimatedUSDMonth
		}
	}
	return a, nil
}

// short is a stack's id without its environment.
func short(stackID string) string {
	_, key, _ := strings.Cut(stackID, ".")
	return key
}

// Judge says what is wrong with an answer, "" for nothing.
func (e Expectation) Judge(a Answer, regions []string) string {
	if a.Outcome != e.Outcome && !slices.Contains(e.Accept, a.Outcome) {
		return fmt.Sprintf("is %s, not %s", a.Outcome, e.Outcome)
	}
	if a.Outcome != Change && (a.Outcome != Denied || e.Outcome != Denied) {
		return "" // nothing would change
	}
	return firstOf(e.stacks(a, regions), e.beyond(a, regions), e.money(a))
}

func firstOf(faults ...string) string {
	for _, f := range faults {
		if f != "" {
			return f
		}
	}
	return ""
}

// named are the stacks that a key of the set means.
func named(key string, regions []string) []string {
	layer, all := strings.CutSuffix(key, ".*")
	if !all {
		return []string{key}
	}
	var keys []string
	for _, region := range regions {
		keys = append(keys, layer+"."+region)
	}
	return keys
}

// stacks checks what is wanted of stacks.
func (e Expectation) stacks(a Answer, regions []string) string {
	for _, key := range slices.Sorted(maps.Keys(e.Stacks)) {
		for _, stack := range named(key, regions) {
			after, changes := a.After[stack]
			if !changes {
				return stack + " does not change"
			}
			var parameters map[string]any
			if err := json.Unmarshal(after, &parameters); err != nil {
				return fmt.Sprintf("%s: %s", stack, err)
			}
			for _, path := range slices.Sorted(maps.Keys(e.Stacks[key])) {
				if fault := wrong(lookup(parameters, path), e.Stacks[key][path]); fault != "" {
					return fmt.Sprintf("%s: %s %s", stack, path, fault)
				}
			}
		}
	}
	return ""
}

// beyond checks that nothing else changes.
func (e Expectation) beyond(a Answer, regions []string) string {
	allowed, never := map[string]bool{}, map[string]bool{}
	for key := range e.Stacks {
		for _, stack := range named(key, regions) {
			allowed[stack] = true
		}
	}
	for _, key := range e.Never {
		for _, stack := range named(key, regions) {
			never[stack] = true
		}
	}
	for _, stack := range slices.Sorted(maps.Keys(a.After)) {
		if never[stack] || !e.Others && !allowed[stack] {
			return stack + " changes, too"
		}
	}
	return ""
}

func (e Expectation) money(a Answer) string {
	switch {
	case e.MaxUSDMonth != nil && a.USDMonth > *e.MaxUSDMonth:
		return fmt.Sprintf("costs %.2f $ a month more, %.2f at most are wanted", a.USDMonth, *e.MaxUSDMonth)
	case e.MinSavingUSDMonth != nil && -a.USDMonth < *e.MinSavingUSDMonth:
		return fmt.Sprintf("saves %.2f $ a month, %.2f at least are wanted", -a.USDMonth, *e.MinSavingUSDMonth)
	default:
		return ""
	}
}

// lookup finds a parameter by its path; nil for none.
func lookup(parameters any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		object, ok := parameters.(map[string]any)
		if !ok {
			return nil
		}
		parameters = object[key]
	}
	return parameters
}

// wrong compares a value with what is wanted of it.
func wrong(is, want any) string {
	bounds, ok := want.(map[string]any)
	if !ok {
		if !reflect.DeepEqual(plain(is), plain(want)) {
			return fmt.Sprintf("is %v, not %v", is, want)
		}
		return ""
	}
	if absent, _ := bounds["absent"].(bool); absent {
		if is != nil {
			return fmt.Sprintf("is %v, and should not be there", is)
		}
		return ""
	}
	n, number := plain(is).(float64)
	if low, ok := plain(bounds["min"]).(float64); ok && (!number || n < low) {
		return fmt.Sprintf("is %v, below %v", is, low)
	}
	if high, ok := plain(bounds["max"]).(float64); ok && (!number || n > high) {
		return fmt.Sprintf("is %v, above %v", is, high)
	}
	return ""
}

// plain has numbers as JSON has them, and lists in order: they are compared as sets.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plain(item)
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return list
	case map[string]any:
		object := map[string]any{}
		for key, item := range v {
			object[key] = plain(item)
		}
		return object
	default:
		return v
	}
}
