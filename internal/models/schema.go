package models

import (
	"encoding/json"

	"github.com/aegisworld/aegis/agent/model"
)

// toolSchema is a request's schema as a tool takes it; false when there is none
// or it does not describe an object, which is what tools take.
func toolSchema(r model.Request) (map[string]any, bool) {
	var schema map[string]any
	if err := json.Unmarshal(r.Schema, &schema); err != nil {
		return nil, false
	}
	return schema, schema["type"] == "object"
}

// system is what the product instructs, with the schema when no tool takes it.
func system(r model.Request, tool bool) string {
	if len(r.Schema) == 0 || tool {
		return r.System
	}
	instruction := "Answer with one JSON value that is valid by this JSON Schema, and nothing else:\n" + string(r.Schema)
	if r.System == "" {
		return instruction
	}
	return r.System + "\n\n" + instruction
}
