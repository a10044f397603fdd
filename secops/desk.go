package secops

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// maxSignals bounds the findings of an incident: the next opens another.
	maxSignals = 100
	// maxReach bounds each list of a blast radius.
	maxReach = 500
)

// desk sorts findings into incidents. A finding that is known goes where it is; another
// goes to the oldest open incident that has a resource or a stack in common with it,
// or opens one. Only what is newer than all that was said of it counts. An incident
// closes when its last finding is resolved.
type desk struct {
	now    time.Time
	counts aegis.FindingCounts
	// incidents are the known ones, oldest first, and then those that were opened.
	incidents []aegis.SecurityIncident
	// said is when the newest word of a finding was said, by key.
	said map[string]time.Time
	// before are the states of the known ones, by id.
	before  map[string]aegis.IncidentState
	touched map[string]bool
}

func newDesk(known []aegis.SecurityIncident, said map[string]time.Time, now time.Time) *desk {
	d := &desk{
		now: now, incidents: slices.Clone(known), said: maps.Clone(said), before: map[string]aegis.IncidentState{}, touched: map[string]bool{},
		counts: aegis.FindingCounts{IncidentIDs: []string{}},
	}
	for _, incident := range known {
		d.before[incident.IncidentID] = incident.State
	}
	return d
}

// take sorts findings in, the oldest word first.
func (d *desk) take(findings []aegis.Finding, places map[string]place) {
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b aegis.Finding) int {
		return cmp.Or(a.ObservedAt.Compare(b.ObservedAt), cmp.Compare(a.Key(), b.Key()))
	})
	for _, f := range findings {
		d.sort(f, places[f.Key()])
	}
}

func (d *desk) sort(f aegis.Finding, at place) {
	if newest, ok := d.said[f.Key()]; ok && !f.ObservedAt.After(newest) {
		d.counts.Duplicate++
		return
	}
	d.said[f.Key()] = f.ObservedAt
	in, signal := d.known(f)
	switch {
	case in >= 0 && (f.Resolved || d.incidents[in].State == aegis.IncidentOpen):
		d.incidents[in].SignalSet = slices.Clone(d.incidents[in].SignalSet)
		d.incidents[in].SignalSet[signal] = f
	case f.Resolved:
		d.counts.Ignored++
		return
	default:
		if in = d.related(f, at); in < 0 && f.Severity.Rank() <= aegis.SeverityInformational.Rank() {
			d.counts.Ignored++
			return
		}
		if in < 0 {
			in = d.open()
		}
		d.incidents[in].SignalSet = append(slices.Clone(d.incidents[in].SignalSet), f)
	}
	d.counts.Accepted++
	d.settle(&d.incidents[in], f, at)
}

// known is the incident that has the newest word of the finding, and its place in
// there; -1 is none. A finding that came back may be in a closed one, too.
func (d *desk) known(f aegis.Finding) (in, signal int) {
	in, signal = -1, -1
	for i, incident := range d.incidents {
		s := slices.IndexFunc(incident.SignalSet, func(s aegis.Finding) bool { return s.Key() == f.Key() })
		if s >= 0 && (in < 0 || incident.SignalSet[s].ObservedAt.After(d.incidents[in].SignalSet[signal].ObservedAt)) {
			in, signal = i, s
		}
	}
	return in, signal
}

// related is the oldest open incident that has something in common with a finding.
func (d *desk) related(f aegis.Finding, at place) int {
	return slices.IndexFunc(d.incidents, func(incident aegis.SecurityIncident) bool {
		r := incident.BlastRadius
		return incident.State == aegis.IncidentOpen && len(incident.SignalSet) < maxSignals && (common(r.StackIDs, at.stacks) || common(r.Resources, f.Resources))
	})
}

func (d *desk) open() int {
	d.incidents = append(d.incidents, aegis.SecurityIncident{
		IncidentID: aegis.NewID(aegis.IncidentPrefix, d.now), State: aegis.IncidentOpen, VerificationState: aegis.VerificationPending,
		AutoActions: []string{}, OpenedAt: d.now,
	})
	return len(d.incidents) - 1
}

// settle brings an incident up to date with a finding that it took.
func (d *desk) settle(incident *aegis.SecurityIncident, f aegis.Finding, at place) {
	if !d.touched[incident.IncidentID] {
		d.touched[incident.IncidentID] = true
		d.counts.IncidentIDs = append(d.counts.IncidentIDs, incident.IncidentID)
	}
	incident.UpdatedAt = d.now
	r := incident.BlastRadius
	incident.BlastRadius = aegis.BlastRadius{
		StackIDs: union(r.StackIDs, at.stacks), DependentStackIDs: union(r.DependentStackIDs, at.dependents),
		Regions: union(r.Regions, []string{f.Region}), Resources: union(r.Resources, f.Resources),
	}
	incident.Severity = worst(incident.SignalSet)
	if incident.State == aegis.IncidentOpen && !slices.ContainsFunc(incident.SignalSet, active) {
		closed := d.now
		incident.State, incident.VerificationState, incident.ClosedAt = aegis.IncidentClosed, aegis.VerificationPassed, &closed
	}
}

// writes are the incidents that were touched, with what is to be told of each.
func (d *desk) writes() []aegis.IncidentWrite {
	var writes []aegis.IncidentWrite
	for _, incident := range d.incidents {
		was, ok := d.before[incident.IncidentID]
		if !d.touched[incident.IncidentID] {
			continue
		}
		w := aegis.IncidentWrite{Incident: incident}
		if !ok {
			w.Events = append(w.Events, aegis.EventIncidentOpened)
		}
		switch {
		case incident.State == aegis.IncidentClosed && was != aegis.IncidentClosed:
			w.Events = append(w.Events, aegis.EventIncidentClosed)
		case ok:
			w.Events = append(w.Events, aegis.EventIncidentChanged)
		}
		writes = append(writes, w)
	}
	return writes
}

func active(f aegis.Finding) bool { return !f.Resolved }

// worst is the greatest severity of the findings that are not resolved, or of all when
// all are.
func worst(signals []aegis.Finding) aegis.Severity {
	if slices.ContainsFunc(signals, active) {
		signals = slices.DeleteFunc(slices.Clone(signals), func(f aegis.Finding) bool { return f.Resolved })
	}
	return slices.MaxFunc(signals, func(a, b aegis.Finding) int { return a.Severity.Rank() - b.Severity.Rank() }).Severity
}

// union is both lists, sorted, without "" and doubles, as far as there is room.
func union(a, b []string) []string {
	all := append(append(make([]string, 0, len(a)+len(b)), a...), b...)
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
	return all[:min(len(all), maxReach)]
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
