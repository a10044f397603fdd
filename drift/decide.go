package drift

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// fightRounds corrections of the same thing within fightWindow are a fight:
	// somebody else wants it otherwise.
	fightRounds = 3
	fightWindow = time.Hour
)

// decide asks policy what to do about each departure; wanted says that all of
// them are to be corrected. An engine corrects a stack as a whole, so that one
// attribute that is to be left keeps it from being corrected.
func (r *Reconciler) decide(ctx context.Context, l look, seen aegis.Observation) (wanted bool, err error) {
	var past []aegis.DriftReport
	for _, kind := range []aegis.DriftKind{aegis.DriftChanged, aegis.DriftDeleted} {
		found, err := corrected(ctx, r.store, l.stack.StackID, kind, l.at)
		if err != nil {
			return false, err
		}
		past = append(past, found...)
	}
	wanted = true
	for i := range l.found {
		d := &l.found[i]
		j := slices.IndexFunc(seen.Drift, func(c aegis.ResourceChange) bool { return c.Address == d.Address })
		weigh(ctx, r.policy, &d.DriftChange, past, aegis.DriftedAttribute{
			Change: seen.Drift[j], Attribute: d.Attribute, Before: d.Before, After: d.After, Kind: d.kind, Cause: l.fresh(*d),
		})
		if l.stack.StateOnly() {
			d.Decision, d.Reason = aegis.ReportDrift, "can't be corrected: the stack was adopted by its state alone, and there is no program to apply"
		}
		if d.Decision == aegis.AdoptDrift {
			d.Reason = cmp.Or(d.Reason, "to be adopted: change the stack's parameters to what is real by a goal or a change set; nothing is corrected meanwhile")
		}
		wanted = wanted && d.Decision == aegis.CorrectDrift
	}
	return wanted, nil
}

// weigh fills in what policy says of a change, unless it is fought over.
func weigh(ctx context.Context, p policy, change *aegis.DriftChange, past []aegis.DriftReport, seen aegis.DriftedAttribute) {
	change.Decision, change.Reason = p.DecideDrift(ctx, seen)
	if change.Decision != aegis.CorrectDrift {
		return
	}
	if fight := fighting(past, *change, seen.Cause); fight != "" {
		change.Decision, change.Reason = aegis.ReportDrift, fight
	}
}

// left makes a report that nothing is to be corrected of one that is settled.
func left(report *aegis.DriftReport, at time.Time) {
	if report.State != aegis.DriftOpen || slices.ContainsFunc(report.Changes, func(c aegis.DriftChange) bool { return c.Decision == aegis.CorrectDrift }) {
		return
	}
	report.State, report.ResolvedAt = aegis.DriftReported, &at
}

// listing lists drift reports.
type listing interface {
	DriftReports(ctx context.Context, filter aegis.DriftFilter, page aegis.Page) ([]aegis.DriftReport, string, error)
}

// corrected are the stack's reports of a kind that a change set corrected within
// fightWindow.
func corrected(ctx context.Context, store listing, stackID string, kind aegis.DriftKind, at time.Time) ([]aegis.DriftReport, error) {
	if stackID == "" {
		return nil, nil
	}
	filter := aegis.DriftFilter{StackID: stackID, Kind: kind, State: aegis.DriftCorrected}
	reports, _, err := store.DriftReports(ctx, filter, aegis.Page{Limit: 100})
	if err != nil {
		return nil, fmt.Errorf("list corrected drift of stack %s: %w", stackID, err)
	}
	return slices.DeleteFunc(reports, func(r aegis.DriftReport) bool {
		return r.ChangeSetID == "" || r.ResolvedAt == nil || at.Sub(*r.ResolvedAt) > fightWindow
	}), nil
}

// fighting says that the same was corrected too often of late: the same
// attribute of the same thing, or the same part of it. "" is no fight.
func fighting(past []aegis.DriftReport, change aegis.DriftChange, cause aegis.DriftCause) string {
	rounds := 0
	for _, r := range past {
		if slices.ContainsFunc(r.Changes, func(c aegis.DriftChange) bool {
			return c.Address == change.Address && c.Type == change.Type && c.Attribute == change.Attribute && equal(c.After, change.After)
		}) {
			rounds++
		}
	}
	if rounds < fightRounds {
		return ""
	}
	who := "somebody unknown"
	if cause.Actor != nil {
		who = cmp.Or(cause.Actor.Principal, cause.Actor.ARN, who)
	}
	return fmt.Sprintf("a fight: the autopilot corrected it %d times within an hour, and %s does it again; it is left until an hour after the last correction", rounds, who)
}
