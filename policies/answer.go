package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

var errUndefined = errors.New("policy leaves deny, warn, require or execution_policy undefined")

// maxSoakSeconds is a week; more is a mistake in the bundle.
const maxSoakSeconds = 7 * 24 * 3600

// answer is what package aegis.gate must say, all of it.
type answer struct {
	Deny            *[]aegis.RuleResult    `json:"deny"`
	Warn            *[]aegis.RuleResult    `json:"warn"`
	Require         *aegis.Requirements    `json:"require"`
	ExecutionPolicy *aegis.ExecutionPolicy `json:"execution_policy"`
}

// decodeAnswer reads what Rego answered and takes nothing for granted: unknown
// fields, wrong types and missing parts are errors.
func decodeAnswer(value any) (aegis.GateResult, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return aegis.GateResult{}, fmt.Errorf("encode policy answer: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var a answer
	if err := d.Decode(&a); err != nil {
		return aegis.GateResult{}, fmt.Errorf("decode policy answer: %w", err)
	}
	if a.Deny == nil || a.Warn == nil || a.Require == nil || a.ExecutionPolicy == nil {
		return aegis.GateResult{}, errUndefined
	}
	if s := a.Require.SoakSeconds; s < 0 || s > maxSoakSeconds {
		return aegis.GateResult{}, fmt.Errorf("decode policy answer: require.soak_seconds %d is not 0 to %d", s, maxSoakSeconds)
	}
	return aegis.GateResult{Deny: *a.Deny, Warn: *a.Warn, Require: *a.Require, ExecutionPolicy: *a.ExecutionPolicy}, nil
}
