package estate

import (
	"context"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

type incidentsQuery struct {
	State    string `json:"state,omitempty" jsonschema:"enum=open,enum=closed"`
	Severity string `json:"severity,omitempty" jsonschema:"enum=informational,enum=low,enum=medium,enum=high,enum=critical,description=the least"`
	StackID  string `json:"stack_id,omitempty" jsonschema:"maxLength=200"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"maxLength=1024,description=next of the answer before"`
}

type incidentRow struct {
	IncidentID        string        `json:"incident_id"`
	State             string        `json:"state"`
	Severity          string        `json:"severity"`
	VerificationState string        `json:"verification_state"`
	StackIDs          []string      `json:"stack_ids" jsonschema:"maxItems=50"`
	DependentStackIDs []string      `json:"dependent_stack_ids" jsonschema:"maxItems=50"`
	Regions           []string      `json:"regions" jsonschema:"maxItems=50"`
	OpenedAt          time.Time     `json:"opened_at"`
	ClosedAt          *time.Time    `json:"closed_at,omitempty"`
	Findings          []findingLine `json:"findings" jsonschema:"maxItems=10"`
	MoreFindings      int           `json:"more_findings"`
}

type findingLine struct {
	Source    string   `json:"source"`
	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Severity  string   `json:"severity"`
	Resolved  bool     `json:"resolved"`
	Resources []string `json:"resources" jsonschema:"maxItems=50"`
}

type incidentsAnswer struct {
	Incidents []incidentRow `json:"incidents" jsonschema:"maxItems=50"`
	Next      string        `json:"next"`
}

// listIncidents tells a caller with limits of incidents that are about its stacks and
// no others.
func (t tools) listIncidents(ctx context.Context, by tool.Caller, in incidentsQuery) (incidentsAnswer, error) {
	seen, err := t.lookup(ctx, by)
	if err != nil {
		return incidentsAnswer{}, err
	}
	f := aegis.IncidentFilter{State: aegis.IncidentState(in.State), Severity: aegis.Severity(in.Severity), StackID: in.StackID}
	visible := func(i aegis.SecurityIncident) bool { return seen.sees(i.BlastRadius.StackIDs...) }
	found, next, err := gather(in.Cursor, visible, func(page aegis.Page) ([]aegis.SecurityIncident, string, error) {
		return t.History.Incidents(ctx, f, page)
	})
	if err != nil {
		return incidentsAnswer{}, err
	}
	out := incidentsAnswer{Incidents: []incidentRow{}, Next: next}
	for _, i := range found {
		out.Incidents = append(out.Incidents, incidentOf(i, seen))
	}
	return out, nil
}

func incidentOf(i aegis.SecurityIncident, seen lookup) incidentRow {
	const lines = 10
	row := incidentRow{
		IncidentID: i.IncidentID, State: string(i.State), Severity: string(i.Severity), VerificationState: string(i.VerificationState),
		StackIDs: first(i.BlastRadius.StackIDs), DependentStackIDs: []string{}, Regions: first(i.BlastRadius.Regions),
		OpenedAt: i.OpenedAt, ClosedAt: i.ClosedAt, Findings: []findingLine{}, MoreFindings: max(0, len(i.SignalSet)-lines),
	}
	for _, id := range first(i.BlastRadius.DependentStackIDs) {
		if seen.sees(id) {
			row.DependentStackIDs = append(row.DependentStackIDs, id)
		}
	}
	for _, f := range i.SignalSet[:min(len(i.SignalSet), lines)] {
		row.Findings = append(row.Findings, findingLine{
			Source: f.Source, Type: f.Type, Title: tool.Clip(f.Title, maxValue), Severity: string(f.Severity), Resolved: f.Resolved, Resources: first(f.Resources),
		})
	}
	return row
}
