package estate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// parameter is one place in a layer's parameters.
type parameter struct {
	// Path has * for any name and [] for any item.
	Path        string `json:"path"`
	Type        string `json:"type"`
	Required    bool   `json:"required"`
	Description string `json:"description,omitempty"`
	// Bounds are what the schema says of the value beside its type, such as
	// "minimum": 1.
	Bounds map[string]any `json:"bounds,omitempty"`
}

// maxDepth bounds the nesting of parameters.
const maxDepth = 12

// flatten lists every place of a schema, by path.
func flatten(schema []byte) ([]parameter, error) {
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, err
	}
	var all []parameter
	walk(root, "", 0, func(p parameter) { all = append(all, p) })
	slices.SortFunc(all, func(a, b parameter) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

func walk(at map[string]any, path string, depth int, found func(parameter)) {
	if depth > maxDepth {
		return
	}
	properties, _ := at["properties"].(map[string]any)
	required, _ := at["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		place(properties[name], join(path, name), slices.Contains(required, any(name)), depth, found)
	}
	if below, ok := at["additionalProperties"].(map[string]any); ok {
		place(below, join(path, "*"), false, depth, found)
	}
	patterns, _ := at["patternProperties"].(map[string]any)
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		place(patterns[pattern], join(path, "*"), false, depth, found)
	}
	if items, ok := at["items"].(map[string]any); ok {
		if _, plain := items["properties"]; plain {
			walk(items, path+"[]", depth+1, found)
		} else {
			place(items, path+"[]", false, depth, found)
		}
	}
}

// place tells of one place and what is below it.
func place(schema any, path string, required bool, depth int, found func(parameter)) {
	at, ok := schema.(map[string]any)
	if !ok {
		found(parameter{Path: path, Type: "any", Required: required})
		return
	}
	p := parameter{Path: path, Type: "any", Required: required}
	if kind, ok := at["type"]; ok {
		p.Type = fmt.Sprint(kind)
	}
	p.Description, _ = at["description"].(string)
	for _, name := range []string{
		"enum", "const", "pattern", "format", "default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
		"minProperties", "maxProperties",
	} {
		if value, ok := at[name]; ok {
			if p.Bounds == nil {
				p.Bounds = map[string]any{}
			}
			p.Bounds[name] = brief(value)
		}
	}
	found(p)
	walk(at, path, depth+1, found)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
