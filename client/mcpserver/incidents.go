package mcpserver

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

type incidentArgs struct {
	pageArgs

	State    aegis.IncidentState `json:"state,omitempty" jsonschema:"open or closed"`
	Severity aegis.Severity      `json:"severity,omitempty" jsonschema:"the least: informational, low, medium, high or critical"`
	StackID  string              `json:"stack_id,omitempty" jsonschema:"only incidents about resources of this stack"`
}

// addIncidents offers what detectors found.
func (s *server) addIncidents() {
	add(s, tool{
		name: "list_incidents", title: "List security incidents",
		description: "Lists security incidents, newest first: findings of detectors that belong together, how bad they are and which stacks they can reach.",
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in incidentArgs) (client.List[aegis.SecurityIncident], error) {
		return s.api.Incidents(ctx, aegis.IncidentFilter{State: in.State, Severity: in.Severity, StackID: in.StackID}, in.page())
	})
	byID(s, tool{
		name: "get_incident", title: "Read a security incident",
		description: "Reads one security incident: its findings, blast radius, what was done about it and whether it is verified to be over.",
	}, s.api.Incident)
}
