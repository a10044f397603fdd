package stacks

import (
	"encoding/json"
	"fmt"
)

// document holds the statements of an IAM policy.
type document []statement

type (
	principal map[string]string
	condition map[string]map[string]any
)

// statement is one statement, its fields in the order of IAM's documentation.
type statement struct {
	Sid       string    `json:"Sid"`
	Effect    string    `json:"Effect"`
	Principal any       `json:"Principal,omitempty"`
	Action    []string  `json:"Action,omitempty"`
	Resource  []string  `json:"Resource,omitempty"`
	Condition condition `json:"Condition,omitempty"`
}

// json is the policy in IAM's language, the same text for the same policy.
func (d document) json() (string, error) {
	text, err := json.Marshal(struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", d})
	if err != nil {
		return "", fmt.Errorf("encode policy: %w", err)
	}
	return string(text), nil
}
