package aegis

import (
	"path"
	"strings"
	"time"
)

// DriftRule says that an attribute is others' to change: its drift is expected,
// neither reported nor corrected.
type DriftRule struct {
	RuleID string `json:"rule_id"`
	// StackID is the one stack that it is for.
	StackID string `json:"stack_id"`
	// Address is a resource's address, or its type, or a glob of either as in
	// path.Match. An unmanaged resource has the address "<type>::<id>".
	Address string `json:"address"`
	// Attribute is a dotted path, which covers what is below it, or a glob. "" is
	// the whole resource, deleted or unmanaged, which no glob matches.
	Attribute string `json:"attribute"`
	// Reason says why, CreatedBy who said so.
	Reason    string    `json:"reason"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when it ends by itself; nil is never.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// DriftReportID and SuggestionID are what it was made from, if anything.
	DriftReportID string `json:"drift_report_id,omitempty"`
	SuggestionID  string `json:"suggestion_id,omitempty"`
	// Met counts how often it was why drift was let be, LastMetAt says when last.
	Met       int        `json:"met"`
	LastMetAt *time.Time `json:"last_met_at,omitempty"`
}

// Covers says that the rule expects drift of the attribute.
func (r DriftRule) Covers(stackID, address, kind, attribute string) bool {
	if r.StackID != stackID || !globs(r.Address, address) && !globs(r.Address, kind) {
		return false
	}
	if rest, ok := strings.CutPrefix(attribute, "tags_all"); ok { // all tags are tags and the defaults
		attribute = "tags" + rest
	}
	if r.Attribute == "" || attribute == "" {
		return r.Attribute == attribute
	}
	return globs(r.Attribute, attribute) || strings.HasPrefix(attribute, r.Attribute+".")
}

// globs matches as path.Match does, and what has brackets by its own name.
func globs(pattern, name string) bool {
	if pattern == name {
		return true
	}
	found, err := path.Match(pattern, name)
	return err == nil && found
}

// Live says that the rule has not ended.
func (r DriftRule) Live(now time.Time) bool { return r.ExpiresAt == nil || r.ExpiresAt.After(now) }

// What events of kind "drift" tell of rules; their data are the
// rule's id, stack_id, address, attribute, reason and expires_at, and by whom.
const (
	EventDriftRuleAdded   = "drift.rule_added"
	EventDriftRuleRemoved = "drift.rule_removed"
)

// The kinds of a DriftSuggestion.
const (
	// SuggestedLeft is an attribute that came back with the same difference and was
	// left each time.
	SuggestedLeft = "left"
	// SuggestedFought is an attribute that the same other actor changes again
	// whenever it was corrected.
	SuggestedFought = "fought"
)

// DriftSuggestion is a rule that reports of the past speak for. Nothing is done
// with it until somebody accepts it.
type DriftSuggestion struct {
	// SuggestionID is the same as long as it is about the same attribute.
	SuggestionID string `json:"suggestion_id"`
	Kind         string `json:"kind"`
	StackID      string `json:"stack_id"`
	Address      string `json:"address"`
	Type         string `json:"type"`
	Attribute    string `json:"attribute"`
	// Before and After are the newest difference.
	Before any `json:"before"`
	After  any `json:"after"`
	// Actor is the principal that changes it, "" when unknown.
	Actor string `json:"actor"`
	// Times counts the reports, DriftReportIDs are the newest of them.
	Times           int       `json:"times"`
	DriftReportIDs  []string  `json:"drift_report_ids"`
	FirstDetectedAt time.Time `json:"first_detected_at"`
	LastDetectedAt  time.Time `json:"last_detected_at"`
}
