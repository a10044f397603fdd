package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) incidentRoutes() {
	tags := []string{"security"}
	const list = "/v1/incidents"
	handle(s, huma.Operation{
		OperationID: "list-incidents", Method: http.MethodGet, Path: list, Tags: tags,
		Summary: "List security incidents",
	}, func(ctx context.Context, in *IncidentQuery) (*listOutput[aegis.SecurityIncident], error) {
		if s.Incidents == nil {
			return nil, noIncidents()
		}
		f := aegis.IncidentFilter{State: in.State, Severity: in.Severity, StackID: in.StackID}
		return listOf(s.Incidents.Incidents(ctx, f, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-incident", Method: http.MethodGet, Path: list + "/{incident_id}", Tags: tags,
		Summary: "Read a security incident",
	}, func(ctx context.Context, in *incidentPath) (*itemOutput[aegis.SecurityIncident], error) {
		if s.Incidents == nil {
			return nil, noIncidents()
		}
		return itemOf(s.Incidents.Incident(ctx, in.IncidentID))
	})
	handle(s, huma.Operation{
		OperationID: "take-findings", Method: http.MethodPost, Path: "/v1/findings", Tags: tags,
		Summary: "Hand in what detectors found",
		Description: "The body is a finding in the AWS Security Finding Format, a list of them, {\"Findings\":[…]}, an EventBridge event of " +
			"Security Hub, or an SNS notification of one of these, up to 1 MiB. A finding is known by its product and Id, its newest word by UpdatedAt: " +
			"handing one in again does nothing.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *findingsInput) (*itemOutput[aegis.FindingCounts], error) {
		if s.Findings == nil {
			return nil, noIncidents()
		}
		return itemOf(s.Findings.TakeFindings(ctx, in.Body))
	})
}

func noIncidents() error { return fmt.Errorf("keep incidents: %w", aegis.ErrNotImplemented) }

type incidentPath struct {
	IncidentID string `path:"incident_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// IncidentQuery narrows the list of incidents.
type IncidentQuery struct {
	PageQuery

	State    aegis.IncidentState `query:"state"    enum:"open,closed"`
	Severity aegis.Severity      `query:"severity" enum:"informational,low,medium,high,critical" doc:"The least severity"`
	StackID  string              `query:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"   doc:"A stack whose resources it is about"`
}

type findingsInput struct {
	Body json.RawMessage
}
