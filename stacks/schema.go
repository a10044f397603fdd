package stacks

import (
	"bytes"
	"encoding/json"
	"fmt"

	generate "github.com/invopop/jsonschema"

	"github.com/aegisworld/aegis"
)

const (
	// namePattern is what the names of buckets, streams, roles and log groups
	// match: they become part of AWS names.
	namePattern = "^[a-z][a-z0-9-]{0,39}$"
	// addressPattern is what addresses of resources match.
	addressPattern = "^aws_[a-z0-9_]{1,60}::[a-z0-9][a-z0-9./-]{0,99}$"
	// settingPattern is what the names of settings match: a path below the
	// environment's.
	settingPattern = "^[a-z][a-z0-9_.-]*(/[a-z0-9_.-]+)*$"
)

// Schema returns the JSON Schema (draft 2020-12) of a layer's Parameters,
// generated from its struct in the root package. It returns an InvalidError
// for an unknown layer.
func Schema(layer string) ([]byte, error) {
	params, ok := parameters(layer)
	if !ok {
		return nil, unknownLayer(layer)
	}
	reflector := generate.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true}
	schema := reflector.Reflect(params)
	schema.Title = "Parameters of layer " + layer
	restrict(schema)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		return nil, fmt.Errorf("encode schema of layer %s: %w", layer, err)
	}
	return text.Bytes(), nil
}

// parameters is a new struct of a layer's parameters.
func parameters(layer string) (any, bool) {
	switch layer {
	case aegis.LayerNetwork:
		return &aegis.NetworkSpec{}, true
	case aegis.LayerSecurity:
		return &aegis.SecuritySpec{}, true
	case aegis.LayerData:
		return &aegis.DataSpec{}, true
	case aegis.LayerRuntime:
		return &aegis.RuntimeSpec{}, true
	case aegis.LayerEdge:
		return &aegis.EdgeSpec{}, true
	default:
		return nil, false
	}
}

func unknownLayer(layer string) *aegis.InvalidError {
	return aegis.Invalid("layer", fmt.Sprintf("%q is not one of: %v", layer, Layers()))
}

// restrict adds what struct tags can't say: the names that keys of maps and
// log groups may have, and the length of settings.
func restrict(schema *generate.Schema) {
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		name, property := pair.Key, pair.Value
		switch {
		case name == "log_groups":
			property.Items.Pattern = namePattern
		case name == "settings":
			property.AdditionalProperties.MinLength = new(uint64(1))
			property.AdditionalProperties.MaxLength = new(uint64(4096))
			restrictKeys(property, settingPattern)
		case name == "import":
			property.AdditionalProperties.MinLength = new(uint64(1))
			property.AdditionalProperties.MaxLength = new(uint64(200))
			restrictKeys(property, addressPattern)
		case property.Type == "object" && property.Properties == nil:
			restrictValues(property.AdditionalProperties)
			restrictKeys(property, namePattern)
		}
		if property.Properties != nil {
			restrict(property)
		}
	}
}

// restrictValues restricts what is in the values of a map.
func restrictValues(value *generate.Schema) {
	if value == nil || value.Properties == nil {
		return
	}
	for pair := value.Properties.Oldest(); pair != nil; pair = pair.Next() {
		if pair.Key == "settings" {
			pair.Value.AdditionalProperties.MaxLength = new(uint64(200))
			restrictKeys(pair.Value, "^[a-z][a-z0-9_.-]{0,99}$")
		}
	}
}

// restrictKeys lets a map have only keys of a pattern, and not too many.
func restrictKeys(m *generate.Schema, pattern string) {
	m.PatternProperties = map[string]*generate.Schema{pattern: m.AdditionalProperties}
	m.AdditionalProperties = generate.FalseSchema
	m.MaxProperties = new(uint64(50))
}
