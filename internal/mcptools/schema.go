package mcptools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The bounds of a schema. References multiply: so many can be followed some hundred
// thousand times for a value, but not more.
const (
	maxSchema = 64 << 10
	maxRefs   = 32
)

// nowhere refuses to load what a schema refers to.
type nowhere struct{}

// Load fails.
func (nowhere) Load(string) (any, error) { return nil, errors.New("it refers to something else") }

// schema checks a JSON Schema that a server sent: an object, valid, small, and
// complete in itself. The error continues a sentence.
func schema(from any) (json.RawMessage, error) {
	b, err := json.Marshal(from)
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	if len(b) > maxSchema {
		return nil, fmt.Errorf("is longer than %d bytes", maxSchema)
	}
	if n := strings.Count(string(b), `Ref":`) + strings.Count(string(b), `$ref":`); n > maxRefs {
		return nil, fmt.Errorf("has more than %d references", maxRefs)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	if object, ok := doc.(map[string]any); !ok || object["type"] != "object" {
		return nil, errors.New("is not that of an object")
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(nowhere{})
	if err := compiler.AddResource("mcp:tool", doc); err != nil {
		return nil, errors.New("is not valid")
	}
	if _, err := compiler.Compile("mcp:tool"); err != nil {
		return nil, errors.New("is not a valid JSON Schema that is complete in itself")
	}
	return b, nil
}
