package apitest

import (
	"context"
	"slices"

	"github.com/aegisworld/aegis"
)

// PutDecision stores a decision.
func (s *Store) PutDecision(d aegis.Decision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decisions = append(s.decisions, d)
}

// Decisions lists those that match.
func (s *Store) Decisions(_ context.Context, f aegis.DecisionFilter, p aegis.Page) ([]aegis.Decision, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []aegis.Decision
	for _, d := range s.decisions {
		if matches(d, f) {
			out = append(out, d)
		}
	}
	return page(out, p)
}

func matches(d aegis.Decision, f aegis.DecisionFilter) bool {
	is := func(wanted, have string) bool { return wanted == "" || wanted == have }
	fired := func(r aegis.RuleResult) bool { return r.Code == f.Rule }
	return (f.StackID == "" || slices.Contains(d.StackIDs, f.StackID)) && is(f.ChangeSetID, d.ChangeSetID) && is(f.Path, d.Path) &&
		is(f.BundleRevision, d.BundleRevision) && is(string(f.Outcome), string(d.Outcome)) && (f.Shadow || !d.Shadow) &&
		(f.Rule == "" || slices.ContainsFunc(slices.Concat(d.Result.Deny, d.Result.Warn), fired)) &&
		!d.DecidedAt.Before(f.Since) && (f.Until.IsZero() || d.DecidedAt.Before(f.Until))
}

// Decision reads one.
func (s *Store) Decision(_ context.Context, id string) (aegis.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.decisions, "decision", id, func(d aegis.Decision) string { return d.DecisionID })
}

// Explain titles each rule by its code.
func (s *Store) Explain(_ context.Context, d aegis.Decision, trace bool) (aegis.DecisionExplanation, error) {
	x := aegis.DecisionExplanation{Decision: d}
	for _, r := range d.Result.Deny {
		x.Rules = append(x.Rules, aegis.FiredRule{
			RuleResult: r, Effect: "deny", Title: "Title of " + r.Code, Severity: "high", Remediation: "Do otherwise.", Pack: "network",
		})
	}
	if trace {
		x.Trace = &aegis.DecisionTrace{
			BundleRevision: "r2", Notes: []string{"bundle r1 is not kept"}, Outcome: d.Outcome,
			Lines: []string{"gate.rego:1    Enter data.aegis.gate.deny = _"},
		}
	}
	return x, nil
}
