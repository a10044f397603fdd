package tool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/whole"
)

// maxSchema bounds a schema, in bytes.
const maxSchema = 128 << 10

// schema checks JSON objects.
type schema struct{ compiled *jsonschema.Schema }

func compile(text json.RawMessage) (*schema, error) {
	if len(text) == 0 || len(text) > maxSchema {
		return nil, fmt.Errorf("it has %d bytes, not 1 to %d", len(text), maxSchema)
	}
	var object map[string]any
	if json.Valid(text) && (json.Unmarshal(text, &object) != nil || object["type"] != "object") {
		return nil, errors.New("it is not of type object")
	}
	compiled, err := whole.Schema(text)
	if err != nil {
		return nil, err
	}
	if err := checkWeight(compiled); err != nil {
		return nil, err
	}
	return &schema{compiled}, nil
}

// object reads a JSON object that the schema allows.
func (s *schema) object(text json.RawMessage) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	if err := s.compiled.Validate(value); err != nil {
		return nil, errors.New(faults(err))
	}
	return object, nil
}

// faults are the lines of a validation's error that say where what is wrong.
func faults(err error) string {
	_, where, more := strings.Cut(err.Error(), "\n")
	if !more {
		return err.Error()
	}
	var found []string
	for line := range strings.SplitSeq(where, "\n") {
		found = append(found, strings.TrimPrefix(strings.TrimSpace(line), "- "))
	}
	return strings.Join(found, "; ")
}

// maxReason bounds what is told of a fault, in bytes.
const maxReason = 300

// clean is what may be told of an error that others may have made.
func clean(err error) string {
	text := memory.ScrubSecrets(Clip(err.Error(), 4*maxReason))
	return Clip(strings.Join(strings.Fields(text), " "), maxReason)
}

// Clip bounds a text to so many bytes, the mark of what was cut among them, at a
// rune's edge.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}
