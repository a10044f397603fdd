package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// bound is what the schema of a number says.
type bound struct {
	path           string
	low, high      int
	hasLow, hasHig bool
	enum           []int
}

// boundsOf reads the schema tags of a parameters struct: every integer field,
// also those within values of maps, whose key is "*".
func boundsOf(t reflect.Type, path string) (bounds []bound) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		full := strings.TrimPrefix(path+"."+name, ".")
		switch {
		case field.Type.Kind() == reflect.Int:
			bounds = append(bounds, newBound(full, field.Tag.Get("jsonschema")))
		case field.Type.Kind() == reflect.Struct:
			bounds = append(bounds, boundsOf(field.Type, full)...)
		case field.Type.Kind() == reflect.Map && field.Type.Elem().Kind() == reflect.Struct:
			bounds = append(bounds, boundsOf(field.Type.Elem(), full+".*")...)
		}
	}
	return bounds
}

func newBound(path, tag string) bound {
	b := bound{path: path}
	for rule := range strings.SplitSeq(tag, ",") {
		key, value, _ := strings.Cut(rule, "=")
		n, err := strconv.Atoi(value)
		if err != nil {
			continue
		}
		switch key {
		case "minimum":
			b.low, b.hasLow = n, true
		case "maximum":
			b.high, b.hasHig = n, true
		case "enum":
			b.enum = append(b.enum, n)
		}
	}
	slices.Sort(b.enum)
	return b
}

// enumOf lists the values that a field of T may have, in order.
func enumOf[T any](path string) []int {
	for _, b := range boundsOf(reflect.TypeFor[T](), "") {
		if b.path == path {
			return b.enum
		}
	}
	return nil
}

// check says in words what is wrong with a value.
func (b bound) check(path string, value int) error {
	switch {
	case b.hasLow && value < b.low:
		return refuse("%s would be %d; it must be ≥ %d", path, value, b.low)
	case b.hasHig && value > b.high:
		return refuse("%s would be %d; it must be ≤ %d", path, value, b.high)
	case len(b.enum) > 0 && !slices.Contains(b.enum, value):
		return refuse("%s would be %d; it must be one of %s", path, value, strings.Trim(fmt.Sprint(b.enum), "[]"))
	default:
		return nil
	}
}

// checkBounds refuses parameters of a layer with a number out of bounds.
func checkBounds(layer string, parameters json.RawMessage) error {
	t, ok := layerType(layer)
	if !ok {
		return nil
	}
	var document any
	if err := json.Unmarshal(parameters, &document); err != nil {
		return fmt.Errorf("read parameters: %w", err)
	}
	for _, b := range boundsOf(t, "") {
		if err := b.walk(document, strings.Split(b.path, "."), nil); err != nil {
			return err
		}
	}
	return nil
}

func (b bound) walk(node any, path, seen []string) error {
	if len(path) == 0 {
		if n, ok := node.(float64); ok {
			return b.check(strings.Join(seen, "."), int(n))
		}
		return nil
	}
	object, _ := node.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if path[0] != key && path[0] != "*" {
			continue
		}
		if err := b.walk(object[key], path[1:], append(slices.Clone(seen), key)); err != nil {
			return err
		}
	}
	return nil
}

func layerType(layer string) (reflect.Type, bool) {
	t, ok := map[string]reflect.Type{
		aegis.LayerNetwork:  reflect.TypeFor[aegis.NetworkSpec](),
		aegis.LayerSecurity: reflect.TypeFor[aegis.SecuritySpec](),
		aegis.LayerData:     reflect.TypeFor[aegis.DataSpec](),
		aegis.LayerRuntime:  reflect.TypeFor[aegis.RuntimeSpec](),
		aegis.LayerEdge:     reflect.TypeFor[aegis.EdgeSpec](),
	}[layer]
	return t, ok
}
