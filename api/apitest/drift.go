package apitest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

func driftReportID(r aegis.DriftReport) string { return r.DriftReportID }

// PutDriftReport stores a drift report and an event of its state.
func (s *Store) PutDriftReport(r aegis.DriftReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drift = put(s.drift, r, driftReportID)
	kind := aegis.EventDriftDetected
	if r.State == aegis.DriftCorrected {
		kind = aegis.EventDriftCorrected
	}
	s.emit("drift", r.DriftReportID, "", kind, r)
}

// DriftReport reads one.
func (s *Store) DriftReport(_ context.Context, id string) (aegis.DriftReport, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.drift, "drift report", id, driftReportID)
}

// DriftReports lists those that match.
func (s *Store) DriftReports(_ context.Context, f aegis.DriftFilter, p aegis.Page) ([]aegis.DriftReport, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(s.matchingDrift(f), p)
}

func (s *Store) matchingDrift(f aegis.DriftFilter) []aegis.DriftReport {
	return slices.DeleteFunc(slices.Clone(s.drift), func(r aegis.DriftReport) bool {
		return r.StackID != cmp.Or(f.StackID, r.StackID) || r.Kind != cmp.Or(f.Kind, r.Kind) ||
			r.State != cmp.Or(f.State, r.State) || r.Cause.Group != cmp.Or(f.Group, r.Cause.Group)
	})
}

// DriftGroups sums up those that match.
func (s *Store) DriftGroups(_ context.Context, f aegis.DriftFilter, p aegis.Page) ([]aegis.DriftGroup, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var groups []aegis.DriftGroup
	for _, r := range s.matchingDrift(f) {
		i := slices.IndexFunc(groups, func(g aegis.DriftGroup) bool { return g.Group == r.Cause.Group })
		if i < 0 {
			groups = append(groups, aegis.DriftGroup{Group: r.Cause.Group, FirstDetectedAt: r.DetectedAt})
			i = len(groups) - 1
		}
		g := &groups[i]
		g.Cause, g.LastDetectedAt, g.StackIDs = r.Cause, r.DetectedAt, append(g.StackIDs, r.StackID)
		g.Reports++
		if r.State == aegis.DriftOpen {
			g.Open++
		}
	}
	return page(groups, p)
}

// TakeEvents keeps the body; its counts are the number of bodies so far.
func (s *Store) TakeEvents(_ context.Context, body []byte) (aegis.EventCounts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains([]byte("{["), append(slices.Clone(body), 0)[0]) {
		return aegis.EventCounts{}, aegis.Invalid("body", "give a CloudTrail record")
	}
	s.eventBodies = append(s.eventBodies, body)
	return aegis.EventCounts{Accepted: len(s.eventBodies)}, s.fault
}

// Rulebook keeps rules in a Store's memory.
type Rulebook struct{ *Store }

// Suggest adds a suggestion.
func (s *Store) Suggest(suggestion aegis.DriftSuggestion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suggestions = append(s.suggestions, suggestion)
}

// AddRules keeps one rule.
func (r Rulebook) AddRules(_ context.Context, rule aegis.DriftRule, attribute *string) ([]aegis.DriftRule, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rule.DriftReportID != "" {
		report, err := find(r.drift, "drift report", rule.DriftReportID, driftReportID)
		if err != nil {
			return nil, err
		}
		rule.StackID, rule.Address, rule.Attribute = report.StackID, report.Changes[0].Address, report.Changes[0].Attribute
	}
	if attribute != nil {
		rule.Attribute = *attribute
	}
	rule.CreatedAt = r.Now().UTC()
	rule.RuleID = aegis.NewID(aegis.DriftRulePrefix, rule.CreatedAt)
	r.rules = append(r.rules, rule)
	return []aegis.DriftRule{rule}, r.fault
}

// DeleteRule forgets one.
func (r Rulebook) DeleteRule(_ context.Context, id, _ string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := find(r.rules, "rule", id, ruleID); err != nil {
		return err
	}
	r.rules = slices.DeleteFunc(r.rules, func(rule aegis.DriftRule) bool { return rule.RuleID == id })
	return r.fault
}

func ruleID(r aegis.DriftRule) string { return r.RuleID }

// Rules lists them.
func (r Rulebook) Rules(_ context.Context, stackID string, p aegis.Page) ([]aegis.DriftRule, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return page(slices.DeleteFunc(slices.Clone(r.rules), func(rule aegis.DriftRule) bool { return stackID != "" && rule.StackID != stackID }), p)
}

// Suggestions lists them.
func (r Rulebook) Suggestions(_ context.Context, stackID string) ([]aegis.DriftSuggestion, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.suggestions), func(g aegis.DriftSuggestion) bool { return stackID != "" && g.StackID != stackID }), r.fault
}

// AcceptSuggestion keeps a rule.
func (r Rulebook) AcceptSuggestion(ctx context.Context, id, by, reason string, expires *time.Time) (aegis.DriftRule, error) {
	found, err := r.Suggestions(ctx, "")
	if err != nil {
		return aegis.DriftRule{}, err
	}
	g, err := find(found, "suggestion", id, func(g aegis.DriftSuggestion) string { return g.SuggestionID })
	if err != nil {
		return aegis.DriftRule{}, err
	}
	made, err := r.AddRules(ctx, aegis.DriftRule{
		StackID: g.StackID, Address: g.Address, Reason: reason, CreatedBy: by, ExpiresAt: expires, SuggestionID: id,
	}, &g.Attribute)
	if err != nil {
		return aegis.DriftRule{}, err
	}
	return made[0], nil
}

// AdoptReport makes a change set of a report.
func (s *Store) AdoptReport(_ context.Context, id, by string) (aegis.AutonomousChangeSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	report, err := find(s.drift, "drift report", id, driftReportID)
	if err != nil {
		return aegis.AutonomousChangeSet{}, err
	}
	if report.Kind != aegis.DriftChanged {
		return aegis.AutonomousChangeSet{}, aegis.Invalid("drift_report_id", "can't become part of a spec")
	}
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: aegis.NewID(aegis.ChangeSetPrefix, s.Now()), Source: aegis.SourceDrift, Actor: by, PromotionState: aegis.StateProposed,
		Target: aegis.Target{StackIDs: []string{report.StackID}, Addresses: []string{report.Changes[0].Address}},
	}
	s.changeSets = append(s.changeSets, cs)
	return cs, s.fault
}
