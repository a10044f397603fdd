package client

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/aegisworld/aegis"
)

// Incidents lists security incidents.
func (c *Client) Incidents(ctx context.Context, f aegis.IncidentFilter, p aegis.Page) (List[aegis.SecurityIncident], error) {
	q := pageQuery(p)
	set(q, "state", string(f.State))
	set(q, "severity", string(f.Severity))
	set(q, "stack_id", f.StackID)
	return get[List[aegis.SecurityIncident]](ctx, c, "/v1/incidents", q)
}

// Incident reads a security incident.
func (c *Client) Incident(ctx context.Context, id string) (aegis.SecurityIncident, error) {
	return get[aegis.SecurityIncident](ctx, c, "/v1/incidents/"+url.PathEscape(id), nil)
}

// SendFindings hands in what detectors found.
func (c *Client) SendFindings(ctx context.Context, body json.RawMessage) (aegis.FindingCounts, error) {
	return post[aegis.FindingCounts](ctx, c, "/v1/findings", body)
}
