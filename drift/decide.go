package drift

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// verdict is what is to be done about a stack.
type verdict struct {
	// correct says that there is anything to correct; addresses are the resources
	// in which all is to be, empty when that is the whole stack.
	correct   bool
	addresses []string
	// adopt is what the spec is to take over.
	adopt []aegis.DriftChange
}

// decide asks policy what to do about each departure.
func (r *Reconciler) decide(ctx context.Context, l look, seen aegis.Observation) (verdict, error) {
	ref := referee{policy: r.policy, breakers: r.store, at: l.at, stackID: l.stack.StackID, watched: l.stack.Observed()}
	if err := ref.study(ctx, r.store, aegis.DriftChanged, aegis.DriftDeleted); err != nil {
		return verdict{}, err
	}
	var adopt []aegis.DriftChange
	for i := range l.found {
		d := &l.found[i]
		j := slices.IndexFunc(seen.Drift, func(c aegis.ResourceChange) bool { return c.Address == d.Address })
		err := ref.weigh(ctx, &d.DriftChange, d.Address, d.Attribute, aegis.DriftedAttribute{
			Change: seen.Drift[j], Attribute: d.Attribute, Before: d.Before, After: d.After, Kind: d.kind, Cause: l.fresh(*d),
		})
		if err != nil {
			return verdict{}, err
		}
		if l.stack.StateOnly() {
			d.Decision, d.Reason = aegis.ReportDrift, "can't be corrected: the stack was adopted by its state alone, and there is no program to apply"
		}
		if d.Decision == aegis.AdoptDrift {
			adopt = append(adopt, d.DriftChange)
		}
	}
	v := l.narrow(seen)
	v.adopt = adopt
	return v, nil
}

// narrow finds what can be corrected without what is to be left. An engine
// corrects whole resources: what shares one with something that is left, is left
// too, and says so.
func (l look) narrow(seen aegis.Observation) verdict {
	leaves := l.leaves(seen.Expected)
	for i := range l.found {
		d := &l.found[i]
		if with, left := leaves[d.Address]; left && d.Decision == aegis.CorrectDrift {
			d.Decision = aegis.ReportDrift
			d.Reason = "left because it shares its resource with " + with + ", and the engine corrects whole resources"
		}
	}
	var v verdict
	for _, c := range seen.Drift {
		if _, left := leaves[c.Address]; !left {
			v.addresses = append(v.addresses, c.Address)
		}
	}
	v.correct = len(v.addresses) > 0
	if len(leaves) == 0 {
		v.addresses = nil
	}
	return v
}

// leaves are the resources in which something is to be left, with what that is.
// Pulumi leaves a plain value that a rule expects and corrects what is beside it,
// but no member of a map that others added, and no deletion; Terraform neither.
func (l look) leaves(expected []aegis.ExpectedDrift) map[string]string {
	leaves := map[string]string{}
	for _, e := range expected {
		if l.stack.Kind != aegis.TargetPulumiStack || !plainDrift(e) {
			leaves[e.Address] = strings.TrimSpace(e.Attribute + " (rule " + e.RuleID + ")")
		}
	}
	for _, d := range l.found {
		if d.Decision != aegis.CorrectDrift {
			leaves[d.Address] = cmp.Or(d.Attribute, "its deletion")
		}
	}
	return leaves
}

// plainDrift says that expected drift is of one plain value.
func plainDrift(e aegis.ExpectedDrift) bool {
	plain := func(v any) bool {
		switch v.(type) {
		case map[string]any, []any:
			return false
		default:
			return true
		}
	}
	return e.Attribute != "" && !strings.Contains(e.Attribute, ".") && plain(e.Before) && plain(e.After)
}

// settled gives a report the state that follows from its decisions.
func settled(report *aegis.DriftReport, at time.Time) {
	correct := slices.ContainsFunc(report.Changes, func(c aegis.DriftChange) bool { return c.Decision == aegis.CorrectDrift })
	switch {
	case report.State == aegis.DriftOpen && !correct:
		report.State, report.ResolvedAt = aegis.DriftReported, &at
	case report.State == aegis.DriftReported && correct:
		report.State, report.ResolvedAt = aegis.DriftOpen, nil
	}
}

// expect makes changes of a report ones that a rule expects.
func expect(change *aegis.DriftChange, ruleID string) {
	change.Decision, change.RuleID, change.Reason = aegis.ReportDrift, ruleID, "expected by rule "+ruleID
}

// listing lists drift reports.
type listing interface {
	DriftReports(ctx context.Context, filter aegis.DriftFilter, page aegis.Page) ([]aegis.DriftReport, string, error)
}

// corrected are the stack's reports of a kind that a change set corrected within
// fightWindow.
func corrected(ctx context.Context, store listing, stackID string, kind aegis.DriftKind, at time.Time) ([]aegis.DriftReport, error) {
	filter := aegis.DriftFilter{StackID: stackID, Kind: kind, State: aegis.DriftCorrected}
	reports, _, err := store.DriftReports(ctx, filter, aegis.Page{Limit: 100})
	if err != nil {
		return nil, fmt.Errorf("list corrected drift of stack %s: %w", stackID, err)
	}
	return slices.DeleteFunc(reports, func(r aegis.DriftReport) bool {
		return r.ChangeSetID == "" || r.ResolvedAt == nil || at.Sub(*r.ResolvedAt) > fightWindow
	}), nil
}
