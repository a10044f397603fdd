package apitest

import (
	"context"
	"slices"

	"github.com/aegisworld/aegis"
)

func incidentID(i aegis.SecurityIncident) string { return i.IncidentID }

// PutIncident stores an incident.
func (s *Store) PutIncident(i aegis.SecurityIncident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incidents = put(s.incidents, i, incidentID)
}

// Incident reads one.
func (s *Store) Incident(_ context.Context, id string) (aegis.SecurityIncident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.incidents, "incident", id, incidentID)
}

// Incidents lists those that match.
func (s *Store) Incidents(_ context.Context, f aegis.IncidentFilter, p aegis.Page) ([]aegis.SecurityIncident, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(slices.DeleteFunc(slices.Clone(s.incidents), func(i aegis.SecurityIncident) bool {
		return f.State != "" && i.State != f.State || i.Severity.Rank() < f.Severity.Rank() ||
			f.StackID != "" && !slices.Contains(i.BlastRadius.StackIDs, f.StackID)
	}), p)
}

// TakeFindings keeps the body; its counts are the number of bodies so far.
func (s *Store) TakeFindings(_ context.Context, body []byte) (aegis.FindingCounts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains([]byte("{["), append(slices.Clone(body), 0)[0]) {
		return aegis.FindingCounts{}, aegis.Invalid("body", "give a finding")
	}
	s.findingBodies = append(s.findingBodies, body)
	return aegis.FindingCounts{Accepted: len(s.findingBodies)}, s.fault
}
