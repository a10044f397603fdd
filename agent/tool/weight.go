package tool

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxWeight bounds how many schemas a schema has, each as often as it is referred
// to: a check takes no more steps for each value.
const maxWeight = 20_000

// scale weighs the schemas that a schema refers to. Without it, a schema of others
// could have a check take for ever: references that double at each of sixty steps.
type scale struct {
	weights map[*jsonschema.Schema]int
	open    map[*jsonschema.Schema]bool
}

func checkWeight(root *jsonschema.Schema) error {
	s := scale{weights: map[*jsonschema.Schema]int{}, open: map[*jsonschema.Schema]bool{}}
	_, err := s.weigh(root)
	return err
}

func (s scale) weigh(at *jsonschema.Schema) (int, error) {
	if weight, known := s.weights[at]; known {
		return weight, nil
	}
	if s.open[at] || at.RecursiveRef != nil || at.DynamicRef != nil {
		return 0, errors.New("it refers to itself")
	}
	s.open[at] = true
	weight := 1
	for _, part := range parts(at) {
		more, err := s.weigh(part)
		if err != nil {
			return 0, err
		}
		if weight += more; weight > maxWeight {
			return 0, fmt.Errorf("it has more than %d parts, each counted as often as it is referred to", maxWeight)
		}
	}
	delete(s.open, at)
	s.weights[at] = weight
	return weight, nil
}

// parts are the schemas that a schema refers to.
func parts(at *jsonschema.Schema) []*jsonschema.Schema {
	all := []*jsonschema.Schema{
		at.Ref, at.Not, at.If, at.Then, at.Else, at.PropertyNames, at.UnevaluatedProperties, at.Contains, at.Items2020, at.UnevaluatedItems,
		at.ContentSchema,
	}
	all = slices.Concat(all, at.AllOf, at.AnyOf, at.OneOf, at.PrefixItems)
	all = slices.AppendSeq(all, maps.Values(at.Properties))
	all = slices.AppendSeq(all, maps.Values(at.PatternProperties))
	all = slices.AppendSeq(all, maps.Values(at.DependentSchemas))
	loose := []any{at.AdditionalProperties, at.Items, at.AdditionalItems}
	loose = slices.AppendSeq(loose, maps.Values(at.Dependencies))
	for _, item := range loose {
		switch item := item.(type) {
		case *jsonschema.Schema:
			all = append(all, item)
		case []*jsonschema.Schema:
			all = append(all, item...)
		}
	}
	return slices.DeleteFunc(all, func(part *jsonschema.Schema) bool { return part == nil })
}
