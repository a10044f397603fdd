package stacks

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/aegisworld/aegis"
)

// checkSchema adds the faults that the layer's schema finds. Its error means
// that the schema itself is broken.
func checkSchema(faults *aegis.InvalidError, spec aegis.Spec) error {
	schemas, err := compiled()
	if err != nil {
		return err
	}
	schema, ok := schemas[spec.Layer]
	if !ok {
		_, err := Schema(spec.Layer) // says which layers there are
		return err
	}
	if len(spec.Parameters) > maxParameters {
		return nil
	}
	addFaults(faults, schema, spec.Parameters)
	return nil
}

// compiled are the schemas of all layers, compiled once: a planner validates specs
// again and again.
var compiled = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) { //nolint:gochecknoglobals // constant
	schemas := map[string]*jsonschema.Schema{}
	for _, layer := range aegis.EstateLayers() {
		text, err := Schema(layer)
		if err != nil {
			return nil, err
		}
		if schemas[layer], err = compile(text); err != nil {
			return nil, fmt.Errorf("compile schema of layer %s: %w", layer, err)
		}
	}
	return schemas, nil
})

// addFaults adds what the schema says of a JSON text.
func addFaults(faults *aegis.InvalidError, schema *jsonschema.Schema, text []byte) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		faults.Add("parameters", "not a JSON object: "+err.Error())
		return
	}
	err = schema.Validate(value)
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		addCauses(faults, invalid)
	} else if err != nil {
		faults.Add("parameters", err.Error())
	}
}

func compile(text []byte) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("layer.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("layer.json")
}

// addCauses adds the innermost causes of a refusal, each with its field.
func addCauses(faults *aegis.InvalidError, invalid *jsonschema.ValidationError) {
	for _, cause := range invalid.Causes {
		addCauses(faults, cause)
	}
	if len(invalid.Causes) > 0 {
		return
	}
	path := append([]string{"parameters"}, invalid.InstanceLocation...)
	at := func(names ...string) string { return strings.Join(append(slices.Clone(path), names...), ".") }
	switch reason := invalid.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range reason.Missing {
			faults.Add(at(name), "is required")
		}
	case *kind.AdditionalProperties:
		for _, name := range reason.Properties {
			faults.Add(at(name), "is not a known name")
		}
	default:
		faults.Add(at(), reason.LocalizedString(message.NewPrinter(language.English)))
	}
}
