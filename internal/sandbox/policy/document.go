// Package policy evaluates IAM policies as "Policy evaluation logic" in the IAM
// User Guide describes for one account: an explicit deny wins, a permission
// boundary and session policies narrow what identity policies allow, and what
// nothing allows is denied. What it can't understand it takes for a denial.
package policy

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrMalformed says that a text is no policy document.
var ErrMalformed = errors.New("malformed policy document")

// Document is a parsed policy.
type Document struct {
	statements []statement
}

// statement is one rule. Of each pair, such as actions and notActions, exactly
// one is set.
type statement struct {
	allow                   bool
	actions, notActions     []string
	resources, notResources []string
	// principals and notPrincipals map a kind ("AWS", "Service", "Federated")
	// to values; only resource policies have them.
	principals, notPrincipals map[string][]string
	// conditions map an operator to keys to values.
	conditions map[string]map[string][]string
}

// rawStatement is a statement as JSON has it.
type rawStatement struct {
	Sid          string                       `json:"Sid"`
	Effect       string                       `json:"Effect"`
	Action       *oneOrMany                   `json:"Action"`
	NotAction    *oneOrMany                   `json:"NotAction"`
	Resource     *oneOrMany                   `json:"Resource"`
	NotResource  *oneOrMany                   `json:"NotResource"`
	Principal    *parties                     `json:"Principal"`
	NotPrincipal *parties                     `json:"NotPrincipal"`
	Condition    map[string]map[string]values `json:"Condition"`
}

// Parse reads an identity policy, a boundary or a session policy.
func Parse(text string) (Document, error) {
	return parse(text, func(s rawStatement) error {
		switch {
		case (s.Resource == nil) == (s.NotResource == nil):
			return errors.New("exactly one of Resource and NotResource is needed")
		case s.Principal != nil || s.NotPrincipal != nil:
			return errors.New("a principal has no place in an identity policy")
		}
		return nil
	})
}

// ParseTrust reads a role's trust policy.
func ParseTrust(text string) (Document, error) {
	return parse(text, func(s rawStatement) error {
		switch {
		case (s.Principal == nil) == (s.NotPrincipal == nil):
			return errors.New("exactly one of Principal and NotPrincipal is needed")
		case s.Resource != nil || s.NotResource != nil:
			return errors.New("a resource has no place in a trust policy")
		}
		return nil
	})
}

func parse(text string, check func(rawStatement) error) (Document, error) {
	var raw struct {
		Version   string          `json:"Version"`
		ID        string          `json:"Id"`
		Statement json.RawMessage `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var many []rawStatement
	if err := json.Unmarshal(raw.Statement, &many); err != nil {
		var one rawStatement
		if err := json.Unmarshal(raw.Statement, &one); err != nil {
			return Document{}, fmt.Errorf("%w: Statement: %w", ErrMalformed, err)
		}
		many = []rawStatement{one}
	}
	var d Document
	for i, s := range many {
		if err := checkCommon(s); err != nil {
			return Document{}, fmt.Errorf("%w: statement %d: %w", ErrMalformed, i+1, err)
		}
		if err := check(s); err != nil {
			return Document{}, fmt.Errorf("%w: statement %d: %w", ErrMalformed, i+1, err)
		}
		d.statements = append(d.statements, s.settled())
	}
	return d, nil
}

func checkCommon(s rawStatement) error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return errors.New("effect must be Allow or Deny")
	case (s.Action == nil) == (s.NotAction == nil):
		return errors.New("exactly one of Action and NotAction is needed")
	}
	return nil
}

func (s rawStatement) settled() statement {
	out := statement{
		allow: s.Effect == "Allow", actions: s.Action.list(), notActions: s.NotAction.list(),
		resources: s.Resource.list(), notResources: s.NotResource.list(),
		principals: s.Principal.table(), notPrincipals: s.NotPrincipal.table(),
	}
	if len(s.Condition) > 0 {
		out.conditions = map[string]map[string][]string{}
	}
	for operator, keys := range s.Condition {
		out.conditions[operator] = map[string][]string{}
		for name, v := range keys {
			out.conditions[operator][name] = v
		}
	}
	return out
}

// oneOrMany is a string or a list of strings.
type oneOrMany []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(text, &many); err != nil {
		return errors.New("a string or a list of strings is needed")
	}
	if len(many) == 0 {
		return errors.New("the list is empty")
	}
	*o = many
	return nil
}

func (o *oneOrMany) list() []string {
	if o == nil {
		return nil
	}
	return *o
}

// values are a condition's: strings, numbers and booleans, one or many.
type values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(text []byte) error {
	var many []json.RawMessage
	if json.Unmarshal(text, &many) != nil {
		many = []json.RawMessage{text}
	}
	*v = make(values, 0, len(many))
	for _, raw := range many {
		var scalar any
		if err := json.Unmarshal(raw, &scalar); err != nil {
			return fmt.Errorf("condition value: %w", err)
		}
		switch s := scalar.(type) {
		case string:
			*v = append(*v, s)
		case bool, float64:
			*v = append(*v, string(raw))
		default:
			return errors.New("a condition's values must be strings, numbers or booleans")
		}
	}
	return nil
}

// parties are a Principal: "*" or a table of kinds.
type parties map[string][]string

// UnmarshalJSON implements json.Unmarshaler.
func (p *parties) UnmarshalJSON(text []byte) error {
	var all string
	if json.Unmarshal(text, &all) == nil {
		if all != "*" {
			return errors.New(`a principal must be "*" or an object`)
		}
		*p = parties{"AWS": {"*"}}
		return nil
	}
	var table map[string]oneOrMany
	if err := json.Unmarshal(text, &table); err != nil {
		return fmt.Errorf("principal: %w", err)
	}
	*p = parties{}
	for kind, list := range table {
		(*p)[kind] = list
	}
	return nil
}

func (p *parties) table() map[string][]string {
	if p == nil {
		return nil
	}
	return *p
}
