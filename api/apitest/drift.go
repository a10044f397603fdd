package apitest

import (
	"cmp"
	"context"
	"slices"

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
