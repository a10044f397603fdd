package searchtest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// settings that a field of a type may have, of those that OpenSearch has.
var settings = map[string][]string{ //nolint:gochecknoglobals // a table
	"keyword": {"ignore_above"}, "text": {}, "date": {}, "long": {}, "integer": {}, "double": {}, "boolean": {},
	"object": {"enabled", "properties", "dynamic"}, "nested": {"properties", "dynamic"},
}

// checkProperties refuses what OpenSearch's mapper parser would.
func checkProperties(properties map[string]any) error {
	for name, value := range properties {
		field, _ := value.(map[string]any)
		kind, _ := field["type"].(string)
		allowed, ok := settings[kind]
		if !ok {
			return fmt.Errorf("No handler for type [%s] declared on field [%s]", kind, name) //nolint:staticcheck // as OpenSearch says it
		}
		for setting := range field {
			if setting != "type" && !slices.Contains(allowed, setting) {
				return fmt.Errorf("unknown parameter [%s] on mapper [%s] of type [%s]", setting, name, kind)
			}
		}
		if inner, ok := field["properties"].(map[string]any); ok {
			if err := checkProperties(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// mapperError is the error of a document that does not fit its mapping.
type mapperError struct{ kind, reason string }

func (e *mapperError) Error() string { return e.kind + ": " + e.reason }

// checkDocument holds a document against strict properties.
func checkDocument(document, properties map[string]any) error {
	for name, value := range document {
		field, ok := properties[name].(map[string]any)
		if !ok {
			return &mapperError{"strict_dynamic_mapping_exception", fmt.Sprintf("introduction of [%s] is not allowed", name)}
		}
		if enabled, ok := field["enabled"].(bool); ok && !enabled || value == nil {
			continue
		}
		values, many := value.([]any)
		if !many {
			values = []any{value}
		}
		for _, one := range values {
			if err := checkValue(name, one, field); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkValue(name string, value any, field map[string]any) error {
	kind, _ := field["type"].(string)
	if ok := fits(value, kind); !ok {
		return &mapperError{"mapper_parsing_exception", fmt.Sprintf("failed to parse field [%s] of type [%s]", name, kind)}
	}
	if object, ok := value.(map[string]any); ok {
		inner, _ := field["properties"].(map[string]any)
		return checkDocument(object, inner)
	}
	return nil
}

// fits is narrower than OpenSearch, which also takes numbers in strings.
func fits(value any, kind string) bool {
	switch typed := value.(type) {
	case string:
		if kind == "date" {
			_, err := time.Parse(time.RFC3339Nano, typed)
			return err == nil
		}
		return kind == "keyword" || kind == "text"
	case json.Number:
		whole, err := typed.Int64()
		return kind == "double" || kind == "long" && err == nil || kind == "integer" && err == nil && whole >= math.MinInt32 && whole <= math.MaxInt32
	case bool:
		return kind == "boolean"
	case map[string]any:
		return kind == "object" || kind == "nested"
	default:
		return false
	}
}
