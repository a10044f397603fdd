package drift

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// stockLook is one look at a region.
type stockLook struct {
	at     time.Time
	region string
	// found are the keys of all that is there, fresh what is new by stack.
	found map[string]bool
	// global says that what has no region was listed too.
	global bool
	fresh  map[string][]aegis.CloudResource
}

// report writes what is new, and what of open reports is gone, stack by stack;
// then it proposes the removals.
func (s *Stock) report(ctx context.Context, at time.Time, region string, found, fresh []aegis.CloudResource, busy []string) error {
	l := stockLook{at: at, region: region, found: map[string]bool{}, fresh: map[string][]aegis.CloudResource{}}
	for _, r := range found {
		l.found[r.Key()] = true
		l.global = l.global || r.Region == ""
	}
	for _, r := range fresh {
		l.fresh[r.StackID] = append(l.fresh[r.StackID], r)
	}
	ids, err := s.reported(ctx)
	if err != nil {
		return err
	}
	ids = append(ids, slices.Collect(maps.Keys(l.fresh))...)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if slices.Contains(busy, id) {
			continue
		}
		if err := s.settle(ctx, l, id); err != nil {
			return err
		}
	}
	return nil
}

// reported are the stacks with reports of unmanaged resources that are not over.
func (s *Stock) reported(ctx context.Context) ([]string, error) {
	var ids []string
	for _, state := range []aegis.DriftState{aegis.DriftOpen, aegis.DriftReported} {
		cursor := ""
		for {
			filter := aegis.DriftFilter{Kind: aegis.DriftUnmanaged, State: state}
			reports, next, err := s.Store.DriftReports(ctx, filter, aegis.Page{Limit: 500, Cursor: cursor})
			if err != nil {
				return nil, fmt.Errorf("list drift reports: %w", err)
			}
			for _, r := range reports {
				ids = append(ids, r.StackID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return ids, nil
}

func (s *Stock) settle(ctx context.Context, l stockLook, stackID string) error {
	fresh := l.fresh[stackID]
	judged, err := s.judged(ctx, l, stackID, fresh)
	if err != nil {
		return err
	}
	var standing []aegis.DriftReport
	err = s.Store.UpdateDrift(ctx, stackID, func(open []aegis.DriftReport) []aegis.DriftWrite {
		var writes []aegis.DriftWrite
		writes, standing = l.settle(stackID, open, judged)
		return writes
	})
	if err != nil {
		return fmt.Errorf("report what no stack manages: %w", err)
	}
	for _, report := range standing {
		if report.State == aegis.DriftOpen {
			if err := s.remove(ctx, report, fresh); err != nil {
				return err
			}
		}
	}
	return nil
}

// judgedResource is a resource with its cause and what is to be done.
type judgedResource struct {
	aegis.CloudResource

	cause  aegis.DriftCause
	change aegis.DriftChange
}

// judged asks who made each resource, and policy what to do about it. What the
// autopilot made itself is left out: its state is about to say so.
func (s *Stock) judged(ctx context.Context, l stockLook, stackID string, fresh []aegis.CloudResource) ([]judgedResource, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	events, err := s.Store.CloudEvents(ctx, stackID, keysOf(fresh), l.at.Add(-eventLife), l.at.Add(clockSlack))
	if err != nil {
		return nil, fmt.Errorf("look for who made it: %w", err)
	}
	watched, err := s.watched(ctx, stackID)
	if err != nil {
		return nil, err
	}
	ref := referee{policy: s.Policy, breakers: s.Store, at: l.at, stackID: stackID, watched: watched}
	if err := ref.study(ctx, s.Store, aegis.DriftUnmanaged); err != nil {
		return nil, err
	}
	rules, err := s.Store.DriftRules(ctx, stackID)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was read
	}
	var out []judgedResource
	var met []string
	for _, r := range fresh {
		cause := maker(r, events)
		if cause.Kind == aegis.CauseChangeSet {
			continue
		}
		change := aegis.DriftChange{Address: r.ParentAddress, ResourceID: r.ID, Type: r.Type, After: brief(r.Attributes)}
		if i := slices.IndexFunc(rules, func(rule aegis.DriftRule) bool { return rule.Covers(stackID, r.Address(), r.Type, "") }); i >= 0 {
			expect(&change, rules[i].RuleID)
			out = append(out, judgedResource{r, cause, change})
			if metAnew(rules[i], cause) {
				met = append(met, rules[i].RuleID)
			}
			continue
		}
		err := ref.weigh(ctx, &change, cmp.Or(r.ParentAddress, r.Address()), partOf(r), aegis.DriftedAttribute{
			Change: aegis.ResourceChange{
				StackID: stackID, Address: r.Address(), Type: r.Type, Region: r.Region, Action: aegis.ActionCreate, After: r.Attributes,
				Unknown: []string{}, Sensitive: []string{},
			},
			After: r.Attributes, Kind: aegis.DriftUnmanaged, Parent: r.ParentAddress, Cause: cause,
		})
		if err != nil {
			return nil, err
		}
		switch {
		case change.Decision == aegis.AdoptDrift:
			change.Decision, change.Reason = aegis.ReportDrift, "what no stack manages can't become part of a spec by itself; import it into a stack"
		case change.Decision == aegis.CorrectDrift && watched:
			change.Decision, change.Reason = aegis.ReportDrift, "its stack is only observed"
		case change.Decision == aegis.CorrectDrift && r.StackID == "" && s.Home(r) == "":
			change.Decision, change.Reason = aegis.ReportDrift, "there is no stack under whose limits it could be removed"
		}
		out = append(out, judgedResource{r, cause, change})
	}
	if len(met) > 0 {
		err = s.Store.MeetDriftRules(ctx, met)
	}
	return out, err //nolint:wrapcheck // it says what was written
}

// metAnew says that what a rule expects was made after the rule was last met.
func metAnew(rule aegis.DriftRule, cause aegis.DriftCause) bool {
	return rule.LastMetAt == nil || cause.At != nil && cause.At.After(*rule.LastMetAt)
}

// partOf names a part of a resource whatever its id: who adds a rule again adds
// another one that says the same.
func partOf(r aegis.CloudResource) string {
	if r.ParentAddress == "" {
		return ""
	}
	text, err := json.Marshal(r.Attributes)
	if err != nil {
		return r.Type
	}
	return r.Type + "#" + fingerprint(string(text))[:8]
}

// watched says that the stack is looked at only, never changed.
func (s *Stock) watched(ctx context.Context, stackID string) (bool, error) {
	if stackID == "" {
		return false, nil
	}
	stack, err := s.Store.Stack(ctx, stackID)
	if err != nil {
		return false, fmt.Errorf("read stack %s: %w", stackID, err)
	}
	return stack.Observed(), nil
}

// maker is the call that made the resource, as far as events tell. A call that
// names only what it is a part of is not taken for the one when it is the
// autopilot's own: it calls about these all the time.
func maker(r aegis.CloudResource, events []aegis.CloudEvent) aegis.DriftCause {
	d := departure{DriftChange: aegis.DriftChange{Type: r.Type}, kind: aegis.DriftUnmanaged}
	best := -1
	for i, e := range events { // newest first
		if tagging(e.Name) || removing(e.Name) || e.Region != "" && r.Region != "" && e.Region != r.Region {
			continue
		}
		keys := e.Keys()
		switch {
		case slices.Contains(keys, r.ID):
			return eventCause(e)
		case best < 0 && !e.Own && r.ParentID != "" && slices.Contains(keys, r.ParentID):
			best = i
		}
	}
	if best < 0 {
		return unknownCause(d)
	}
	return eventCause(events[best])
}

// settle is what is to be written of one stack, and the reports that stand.
func (l stockLook) settle(stackID string, open []aegis.DriftReport, judged []judgedResource) (writes []aegis.DriftWrite, standing []aegis.DriftReport) {
	covered := map[string]bool{}
	for _, r := range open {
		if r.Kind != aegis.DriftUnmanaged || r.Region != l.region && r.Region != "" {
			continue
		}
		there := slices.ContainsFunc(r.Changes, func(c aegis.DriftChange) bool {
			key := aegis.CloudResource{Type: c.Type, Region: r.Region, ID: c.ResourceID}.Key()
			covered[key] = true
			return l.found[key]
		})
		// What has no region is listed with one region only: elsewhere its
		// absence says nothing.
		if there || r.Region == "" && !l.global {
			if now := rejudged(r, judged, l.at); !aegis.SameValue(r, now) {
				r = now
				writes = append(writes, aegis.DriftWrite{Report: r})
			}
			standing = append(standing, r)
			continue
		}
		r.State, r.ResolvedAt = aegis.DriftCorrected, &l.at
		writes = append(writes, aegis.DriftWrite{Report: r, Event: aegis.EventDriftCorrected})
	}
	for _, j := range judged {
		if covered[j.Key()] || j.change.RuleID != "" {
			continue
		}
		report := aegis.DriftReport{
			DriftReportID: aegis.NewID(aegis.DriftReportPrefix, l.at), StackID: stackID, Region: j.Region, Kind: aegis.DriftUnmanaged,
			Cause: j.cause, Changes: []aegis.DriftChange{j.change}, State: aegis.DriftOpen, DetectedAt: l.at,
		}
		if j.change.Decision != aegis.CorrectDrift {
			report.State, report.ResolvedAt = aegis.DriftReported, &l.at
		}
		writes = append(writes, aegis.DriftWrite{Report: report, Event: aegis.EventDriftDetected})
		standing = append(standing, report)
	}
	return writes, standing
}

// rejudged is a report that stands with what is to be done about it now.
func rejudged(report aegis.DriftReport, judged []judgedResource, at time.Time) aegis.DriftReport {
	report.Changes = slices.Clone(report.Changes)
	for i := range report.Changes {
		c := &report.Changes[i]
		j := slices.IndexFunc(judged, func(j judgedResource) bool { return j.Type == c.Type && j.ID == c.ResourceID })
		if j >= 0 {
			c.Decision, c.Reason, c.RuleID = judged[j].change.Decision, judged[j].change.Reason, judged[j].change.RuleID
		}
	}
	settled(&report, at)
	return report
}

// removals are what a report is about, as far as it is still there.
func (s *Stock) removals(report aegis.DriftReport, fresh []aegis.CloudResource) []aegis.CloudResource {
	var out []aegis.CloudResource
	for _, c := range report.Changes {
		i := slices.IndexFunc(fresh, func(r aegis.CloudResource) bool { return r.Type == c.Type && r.ID == c.ResourceID })
		if i < 0 {
			continue
		}
		r := fresh[i]
		if r.StackID == "" {
			r.StackID = s.Home(r)
		}
		out = append(out, r)
	}
	return out
}

// remove proposes to take away what a report is about, unless that is under
// way or was tried in vain a moment ago.
func (s *Stock) remove(ctx context.Context, report aegis.DriftReport, fresh []aegis.CloudResource) error {
	if report.ChangeSetID != "" {
		cs, err := s.Store.ChangeSet(ctx, report.ChangeSetID)
		if err != nil {
			return fmt.Errorf("read change set %s: %w", report.ChangeSetID, err)
		}
		if !cs.PromotionState.Terminal() || s.Now().Sub(cs.UpdatedAt) < s.Pause {
			return nil
		}
	}
	removals := s.removals(report, fresh)
	if len(removals) == 0 {
		return nil
	}
	cs, err := s.Door.Propose(ctx, aegis.AutonomousChangeSet{
		Source: aegis.SourceDrift, Actor: actor, Target: aegis.Target{Kind: aegis.TargetAWSResource}, Removals: removals,
		Summary: fmt.Sprintf("Remove %s from %s, which no stack manages", removals[0].Address(), cmp.Or(removals[0].ParentAddress, removals[0].Region)),
	})
	if errors.Is(err, aegis.ErrInvalid) { // the stack is gone, or must not be changed: the report stays open
		s.Logger.WarnContext(ctx, "removal can't be proposed", "drift_report_id", report.DriftReportID, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("propose to remove what no stack manages in %s: %w", report.StackID, err)
	}
	s.Logger.InfoContext(ctx, "removal proposed", "stack_id", report.StackID, "change_set_id", cs.ChangeSetID, "resources", len(removals))
	err = s.Store.UpdateDrift(ctx, report.StackID, func(open []aegis.DriftReport) []aegis.DriftWrite {
		for _, r := range open {
			if r.DriftReportID == report.DriftReportID {
				r.ChangeSetID = cs.ChangeSetID
				return []aegis.DriftWrite{{Report: r}}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the removal: %w", err)
	}
	return nil
}
