package estate

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	generate "github.com/invopop/jsonschema"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// most bounds every list of an answer.
const most = 50

// about is what a tool says of itself.
type about struct {
	name, summary string
	effect        aegis.ToolEffect
	scope         string
	timeout       time.Duration
	usd           float64
}

// describe makes a tool of a function; its schemas are those of In and Out. Where
// In asks for something, its tags say within which bounds.
func describe[In, Out any](a about, run func(ctx context.Context, by tool.Caller, in In) (Out, error)) tool.Tool {
	if a.effect == "" {
		a.effect = aegis.ToolReads
	}
	if a.scope == "" {
		a.scope = ScopeEstate
	}
	return tool.Tool{
		Tool: aegis.Tool{
			Name: a.name, Summary: a.summary, Effect: a.effect, Scope: a.scope, Source: "aegis", CostUSD: a.usd,
			Input: schemaOf(new(In)), Output: schemaOf(new(Out)),
		},
		Timeout: a.timeout,
		Run: func(ctx context.Context, by tool.Caller, input json.RawMessage) (json.RawMessage, error) {
			var in In
			if err := json.Unmarshal(input, &in); err != nil {
				return nil, fmt.Errorf("read the input: %w", err)
			}
			out, err := run(ctx, by, in)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		},
	}
}

// schemaOf is the JSON Schema of a struct: members without omitempty are required,
// others are refused.
func schemaOf(v any) json.RawMessage {
	reflector := generate.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true}
	text, err := json.Marshal(reflector.Reflect(v))
	if err != nil {
		panic(fmt.Sprintf("describe %T: %v", v, err)) // types of this package, which tests describe
	}
	return text
}

// first are the first of a list that answers may have, never nil.
func first[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list[:min(len(list), most)]
}

// page cuts what follows the item with the key after out of a sorted list, and says
// from where to go on, "" at its end.
func page[T any](list []T, after string, key func(T) string) (items []T, next string) {
	from := 0
	for from < len(list) && after != "" && strings.Compare(key(list[from]), after) <= 0 {
		from++
	}
	list = list[from:]
	if len(list) > most {
		return list[:most], key(list[most-1])
	}
	return first(list), ""
}

// maxValue bounds a value within an answer, in bytes of JSON.
const maxValue = 1000

// brief is a value, or a note of its size when it is long.
func brief(v any) any {
	text, err := json.Marshal(v)
	if err == nil && len(text) > maxValue {
		return fmt.Sprintf("(%d bytes of JSON, too long to show)", len(text))
	}
	return v
}
