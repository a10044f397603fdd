package drift

import (
	"cmp"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// look is what one read of a stack, or of a part of it, showed.
type look struct {
	stack aegis.Stack
	at    time.Time
	// found is all that departs now, what was not read included.
	found []departure
	// expected is what departs and rules let be.
	expected []aegis.ExpectedDrift
	// targets are the addresses that were read; empty is all.
	targets []string
	// notBefore is when all was last read before; nil is never.
	notBefore *time.Time
	// events are what may explain it, newest first.
	events []aegis.CloudEvent
	// upgrade is what changed of the engine since all was last read.
	upgrade string
}

// fresh is the cause of something that was not there when all was last read.
func (l look) fresh(d departure) aegis.DriftCause {
	since := time.Time{}
	if l.notBefore != nil {
		since = l.notBefore.Add(-readSlack)
	}
	cause := causeOf(d, l.events, since, l.at.Add(clockSlack))
	if engine, ok := l.engineCause(d); ok && !known(cause) {
		return engine
	}
	return cause
}

// late is the cause of something that was reported before.
func (l look) late(d departure, report aegis.DriftReport) aegis.DriftCause {
	since := time.Time{}
	if report.NotBefore != nil {
		since = report.NotBefore.Add(-readSlack)
	}
	return causeOf(d, l.events, since, report.DetectedAt.Add(clockSlack))
}

// another is the event by which a reported attribute changed once more, if
// one is known.
func (l look) another(d departure, report aegis.DriftReport) bool {
	if !known(report.Cause) || report.Cause.At == nil {
		return false
	}
	cause := causeOf(d, l.events, *report.Cause.At, l.at.Add(clockSlack))
	return known(cause) && cause.EventID != report.Cause.EventID
}

func (l look) read(address string) bool {
	return len(l.targets) == 0 || slices.Contains(l.targets, address)
}

// settle compares open reports with what was found: what is gone is corrected,
// what is new is reported, once for each cause, and what was unexplained may
// have a cause now. It returns what is to be written.
func (l look) settle(open []aegis.DriftReport) []aegis.DriftWrite {
	byKey := make(map[departureKey]departure, len(l.found))
	for _, d := range l.found {
		byKey[d.key()] = d
	}
	var writes []aegis.DriftWrite
	var kept []aegis.DriftReport
	covered := map[departureKey]bool{}
	for _, report := range open {
		if report.Kind == aegis.DriftUnmanaged {
			continue
		}
		write, stays := l.review(report, byKey, covered)
		if stays {
			kept = append(kept, write.Report)
		}
		if !aegis.SameValue(report, write.Report) {
			writes = append(writes, write)
		}
	}
	return append(writes, l.report(kept, covered)...)
}

// review brings one open report up to date; stays says that it is open still.
func (l look) review(report aegis.DriftReport, byKey map[departureKey]departure, covered map[departureKey]bool) (w aegis.DriftWrite, stays bool) {
	w.Report = report
	var changes []aegis.DriftChange
	superseded, explained := false, aegis.DriftCause{}
	for _, c := range report.Changes {
		key := departureKey{report.Kind, c.Address, c.Attribute}
		now, drifts := byKey[key]
		rule := l.rule(report.Kind, c)
		switch {
		case rule != "":
			expect(&c, rule)
			changes = append(changes, c)
		case !drifts && !l.read(c.Address):
			changes = append(changes, c)
		case !drifts, covered[key]:
		case !aegis.SameValue(now.After, c.After) && l.another(now, report):
			superseded = true // another hand changed it again
		default:
			covered[key] = true
			if cause := l.late(now, report); known(cause) && !known(report.Cause) && explained.Kind == "" {
				explained = cause
			}
			if c.Decision == aegis.AdoptDrift && now.Decision == aegis.AdoptDrift && aegis.SameValue(c.After, now.After) {
				now.Reason = c.Reason // why it is not adopted
			}
			c.After, c.Decision, c.Reason, c.RuleID = now.After, now.Decision, now.Reason, ""
			changes = append(changes, c)
		}
	}
	if len(changes) > 0 {
		w.Report.Changes = changes
		settled(&w.Report, l.at)
		if explained.Kind != "" {
			w.Report.Cause, w.Event = explained, aegis.EventDriftExplained
		}
		return w, true
	}
	w.Report.State, w.Report.ResolvedAt = aegis.DriftCorrected, &l.at
	if superseded {
		w.Report.State = aegis.DriftSuperseded
		return w, false
	}
	w.Event = aegis.EventDriftCorrected
	return w, false
}

// rule is the one that expects a reported change, "" for none.
func (l look) rule(kind aegis.DriftKind, c aegis.DriftChange) string {
	i := slices.IndexFunc(l.expected, func(e aegis.ExpectedDrift) bool {
		return e.Address == c.Address && e.Attribute == c.Attribute && (e.Attribute == "") == (kind == aegis.DriftDeleted)
	})
	if i < 0 {
		return ""
	}
	return l.expected[i].RuleID
}

func known(c aegis.DriftCause) bool {
	return c.Kind == aegis.CauseEvent || c.Kind == aegis.CauseChangeSet
}

// bucket is what one report is about: one cause, or one resource for which
// none is known. An engine's cause goes by its group.
type bucket struct {
	kind           aegis.DriftKind
	event, address string
}

func bucketOf(kind aegis.DriftKind, cause aegis.DriftCause, address string) bucket {
	switch {
	case known(cause):
		return bucket{kind: kind, event: cause.EventID}
	case cause.Kind == aegis.CauseEngine:
		return bucket{kind: kind, event: cause.Group}
	}
	return bucket{kind: kind, address: address}
}

// report makes reports of what no open report covers, or adds it to an open
// one of the same cause.
func (l look) report(open []aegis.DriftReport, covered map[departureKey]bool) []aegis.DriftWrite {
	var order []bucket
	writes := map[bucket]*aegis.DriftWrite{}
	for _, d := range l.found {
		if covered[d.key()] || !l.read(d.Address) {
			continue
		}
		cause := l.fresh(d)
		b := bucketOf(d.kind, cause, d.Address)
		if writes[b] == nil {
			writes[b] = l.reportFor(b, d, cause, open)
			order = append(order, b)
		}
		r := &writes[b].Report
		r.Changes = append(r.Changes, d.DriftChange)
	}
	out := make([]aegis.DriftWrite, len(order))
	for i, b := range order {
		settled(&writes[b].Report, l.at)
		slices.SortFunc(writes[b].Report.Changes, func(x, y aegis.DriftChange) int {
			return cmp.Or(cmp.Compare(x.Address, y.Address), cmp.Compare(x.Attribute, y.Attribute))
		})
		out[i] = *writes[b]
	}
	return out
}

func (l look) reportFor(b bucket, d departure, cause aegis.DriftCause, open []aegis.DriftReport) *aegis.DriftWrite {
	for _, r := range open {
		if len(r.Changes) > 0 && bucketOf(r.Kind, r.Cause, r.Changes[0].Address) == b {
			r.Changes = slices.Clone(r.Changes)
			return &aegis.DriftWrite{Report: r}
		}
	}
	return &aegis.DriftWrite{Event: aegis.EventDriftDetected, Report: aegis.DriftReport{
		DriftReportID: aegis.NewID(aegis.DriftReportPrefix, l.at), StackID: l.stack.StackID,
		Region: cmp.Or(d.resource.Region, l.stack.Region), Kind: d.kind, Cause: cause,
		State: aegis.DriftOpen, DetectedAt: l.at, NotBefore: l.notBefore,
	}}
}
