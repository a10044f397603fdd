// Package whole compiles JSON Schemas that are complete in themselves: those that
// models and tools of others are held to.
package whole

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// alone resolves no reference to another document.
type alone struct{}

// Load fails.
func (alone) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is another document; a schema must be whole", url)
}

// Schema compiles a JSON Schema. What refers to another document is an error, and
// nothing is loaded.
func Schema(text []byte) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(alone{})
	if err := compiler.AddResource("schema.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("schema.json")
}
