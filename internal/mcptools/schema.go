package mcptools

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aegisworld/aegis/agent/whole"
)

// The bounds of a schema. References multiply: so many can be followed some hundred
// thousand times for a value, but not more.
const (
	maxSchema = 64 << 10
	maxRefs   = 32
)

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
	var object map[string]any
	if json.Unmarshal(b, &object) != nil || object["type"] != "object" {
		return nil, errors.New("is not that of an object")
	}
	if _, err := whole.Schema(b); err != nil {
		return nil, errors.New("is not a valid JSON Schema that is complete in itself")
	}
	return b, nil
}
