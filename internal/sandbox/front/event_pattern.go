package front

import (
	"encoding/json"
	"fmt"
	"strings"
)

// eventPattern is what a rule of EventBridge asks of an event; see "Amazon
// EventBridge event patterns" in its User Guide. What it has beyond exact
// values, prefix, suffix, anything-but, exists and equals-ignore-case is not
// understood, and a pattern with it matches nothing.
type eventPattern map[string]any

func parsePattern(text string) (eventPattern, error) {
	var p eventPattern
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("read event pattern: %w", err)
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("read event pattern: it is empty")
	}
	return p, nil
}

// matches says that every field that the pattern names is as it asks.
func (p eventPattern) matches(event map[string]any) bool {
	for name, wanted := range p {
		value, there := event[name]
		switch wanted := wanted.(type) {
		case map[string]any:
			inner, _ := value.(map[string]any)
			if !eventPattern(wanted).matches(inner) {
				return false
			}
		case []any:
			if !anyMatches(wanted, value, there) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// anyMatches says that one of the alternatives fits the value, or one of its
// elements where it is a list.
func anyMatches(alternatives []any, value any, there bool) bool {
	values, list := value.([]any)
	if !list {
		values = []any{value}
	}
	for _, alternative := range alternatives {
		filter, special := alternative.(map[string]any)
		if special && filter["exists"] != nil {
			if filter["exists"] == there {
				return true
			}
			continue
		}
		for _, v := range values {
			if there && (special && filterMatches(filter, v) || !special && v == alternative) {
				return true
			}
		}
	}
	return false
}

// filterMatches says that all that the filter asks holds of the value.
func filterMatches(filter map[string]any, value any) bool {
	for name, wanted := range filter {
		if !holds(name, wanted, value) {
			return false
		}
	}
	return len(filter) > 0
}

func holds(name string, wanted, value any) bool {
	text, isText := value.(string)
	word, isWord := wanted.(string)
	switch name {
	case "prefix":
		return isText && isWord && strings.HasPrefix(text, word)
	case "suffix":
		return isText && isWord && strings.HasSuffix(text, word)
	case "equals-ignore-case":
		return isText && isWord && strings.EqualFold(text, word)
	case "anything-but":
		list, ok := wanted.([]any)
		if !ok {
			list = []any{wanted}
		}
		return !anyMatches(list, value, true)
	default:
		return false
	}
}
