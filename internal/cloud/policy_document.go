package cloud

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// statement is one statement of an IAM policy.
type statement struct {
	Effect    string         `json:"Effect"`
	Action    []string       `json:"Action"`
	Resource  []string       `json:"Resource"`
	Condition map[string]any `json:"Condition,omitempty"`
}

// document is the text of an IAM policy; none for no statements.
func document(statements []statement) (string, error) {
	if len(statements) == 0 {
		return "", nil
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return "", fmt.Errorf("encode session policy: %w", err)
	}
	return string(text), nil
}

// shortened is the same policy in fewer characters: statements that differ in
// nothing but their actions become one, and an action that another one of the
// statement covers is left out.
func shortened(statements []statement) ([]statement, error) {
	var out []statement
	place := map[string]int{}
	for _, s := range statements {
		same := s
		same.Action = nil
		key, err := json.Marshal(same)
		if err != nil {
			return nil, fmt.Errorf("encode session policy: %w", err)
		}
		i, ok := place[string(key)]
		if !ok {
			i = len(out)
			place[string(key)] = i
			out = append(out, same)
		}
		out[i].Action = append(out[i].Action, s.Action...)
	}
	for i := range out {
		out[i].Action = uncovered(out[i].Action)
	}
	return out, nil
}

// uncovered leaves out the actions that others cover.
func uncovered(actions []string) []string {
	actions = slices.Compact(slices.Sorted(slices.Values(actions)))
	return slices.DeleteFunc(slices.Clone(actions), func(action string) bool {
		return slices.ContainsFunc(actions, func(other string) bool { return other != action && covers(other, action) })
	})
}

// covers says that all that an action pattern matches, another one matches
// too. Patterns have * and no other wildcard.
func covers(pattern, action string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(action, parts[0])
	if len(parts) == 1 {
		return ok && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		rest, ok = after, ok && found
	}
	return ok && strings.HasSuffix(rest, parts[last])
}
