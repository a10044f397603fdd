package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/whole"
)

// structure checks structured answers. Its zero value takes any text.
type structure struct{ schema *jsonschema.Schema }

// newStructure compiles a schema; its error is an InvalidError.
func newStructure(schema json.RawMessage) (structure, error) {
	if len(schema) == 0 {
		return structure{}, nil
	}
	compiled, err := whole.Schema(schema)
	if err != nil {
		return structure{}, aegis.Invalid("schema", err.Error())
	}
	return structure{schema: compiled}, nil
}

// maxFault bounds what a model is told of its own answer.
const maxFault = 600

// check finds the JSON value in an answer and validates it; fault says what is
// wrong, in a few words. Without a schema there is nothing to find.
func (s structure) check(text string) (value json.RawMessage, fault string) {
	if s.schema == nil {
		return nil, ""
	}
	value, err := extract(text)
	if err != nil {
		return nil, clip(err.Error(), maxFault)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return nil, clip(err.Error(), maxFault)
	}
	if err := s.schema.Validate(instance); err != nil {
		return nil, clip(err.Error(), maxFault)
	}
	return value, ""
}

// extract finds the JSON value in a text: all of it, what is in a code fence, or
// the first object or array that there is.
func extract(text string) (json.RawMessage, error) {
	text = strings.TrimSpace(text)
	if json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	if _, after, ok := strings.Cut(text, "```"); ok {
		inner, _, _ := strings.Cut(after, "```")
		inner = strings.TrimSpace(strings.TrimPrefix(inner, "json"))
		if json.Valid([]byte(inner)) {
			return json.RawMessage(inner), nil
		}
	}
	start := strings.IndexAny(text, "{[")
	if start < 0 {
		return nil, errors.New("there is no JSON in the answer")
	}
	var value json.RawMessage
	err := json.NewDecoder(strings.NewReader(text[start:])).Decode(&value)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the JSON ends in the middle")
	case err != nil:
		return nil, fmt.Errorf("the JSON is broken: %w", err)
	}
	return value, nil
}

// clip bounds a text for people and models, at a rune's edge.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// repair asks again, with the fault named.
func (r Request) repair(answer, fault string) Request {
	const most = 16 << 10
	if answer == "" {
		answer = "(no answer)"
	}
	again := r
	again.Messages = append(append([]Message(nil), r.Messages...),
		Message{Role: RoleAssistant, Text: clip(answer, most)},
		Message{Role: RoleUser, Text: "That answer is not valid: " + fault +
			"\nAnswer again, with one JSON value that is valid by the schema and nothing else."},
	)
	return again
}
