package drift

import (
	"cmp"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// suggestRounds is how often the same has to come back to be suggested.
	suggestRounds = 3
	// suggestWindow is the time of which reports count.
	suggestWindow = 30 * 24 * time.Hour
	// suggestedReports is how many reports a suggestion names.
	suggestedReports = 10
)

// theme is what reports have in common that speak for the same rule.
type theme struct{ kind, stackID, address, attribute string }

// Suggest finds what reports, newest first, speak for: attributes that came back
// with the same difference and were left each time, and those that one other actor
// changes again whenever they were corrected. What a rule covers is no suggestion.
func Suggest(reports []aegis.DriftReport, rules []aegis.DriftRule, now time.Time) []aegis.DriftSuggestion {
	found := map[theme]*aegis.DriftSuggestion{}
	for _, r := range reports {
		if now.Sub(r.DetectedAt) > suggestWindow || r.Kind != aegis.DriftChanged {
			continue
		}
		for _, c := range r.Changes {
			covered := slices.ContainsFunc(rules, func(rule aegis.DriftRule) bool { return rule.Covers(r.StackID, c.Address, c.Type, c.Attribute) })
			if kind := speaksFor(r, c); kind != "" && !covered {
				count(found, kind, r, c)
			}
		}
	}
	out := []aegis.DriftSuggestion{}
	for _, s := range found {
		if s.Times >= suggestRounds {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b aegis.DriftSuggestion) int {
		return cmp.Or(b.LastDetectedAt.Compare(a.LastDetectedAt), cmp.Compare(a.SuggestionID, b.SuggestionID))
	})
	return out
}

// count adds a reported change to the suggestion that it speaks for.
func count(found map[theme]*aegis.DriftSuggestion, kind string, r aegis.DriftReport, c aegis.DriftChange) {
	t := theme{kind, r.StackID, c.Address, c.Attribute}
	if found[t] == nil {
		found[t] = &aegis.DriftSuggestion{
			SuggestionID: aegis.SuggestionPrefix + "-" + fingerprint(t.kind, t.stackID, t.address, t.attribute), Kind: kind,
			StackID: r.StackID, Address: c.Address, Type: c.Type, Attribute: c.Attribute, Before: c.Before, After: c.After,
			Actor: principalOf(r.Cause), DriftReportIDs: []string{}, LastDetectedAt: r.DetectedAt,
		}
	}
	s := found[t]
	if !same(*s, r, c) {
		return
	}
	s.Times++
	s.FirstDetectedAt = r.DetectedAt
	if len(s.DriftReportIDs) < suggestedReports {
		s.DriftReportIDs = append(s.DriftReportIDs, r.DriftReportID)
	}
}

// speaksFor is the kind of suggestion that a reported change speaks for, "" for
// none.
func speaksFor(r aegis.DriftReport, c aegis.DriftChange) string {
	switch {
	case c.Decision == aegis.ReportDrift:
		return aegis.SuggestedLeft
	case r.State == aegis.DriftCorrected && r.ChangeSetID != "" && r.Cause.Kind == aegis.CauseEvent && principalOf(r.Cause) != "":
		return aegis.SuggestedFought
	default:
		return ""
	}
}

// same says that a report is one more of what is suggested: the same difference,
// or the same actor.
func same(s aegis.DriftSuggestion, r aegis.DriftReport, c aegis.DriftChange) bool {
	if s.Kind == aegis.SuggestedFought {
		return s.Actor == principalOf(r.Cause)
	}
	return aegis.SameValue(s.Before, c.Before) && aegis.SameValue(s.After, c.After)
}

// principalOf is the principal that did it, "" when unknown.
func principalOf(cause aegis.DriftCause) string {
	if cause.Actor == nil {
		return ""
	}
	return cmp.Or(cause.Actor.Principal, cause.Actor.ARN)
}
