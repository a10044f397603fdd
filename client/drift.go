package client

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/aegisworld/aegis"
)

// DriftReports lists drift reports.
func (c *Client) DriftReports(ctx context.Context, f aegis.DriftFilter, p aegis.Page) (List[aegis.DriftReport], error) {
	return get[List[aegis.DriftReport]](ctx, c, "/v1/drift-reports", driftQuery(f, p))
}

// DriftGroups lists drift by its causes.
func (c *Client) DriftGroups(ctx context.Context, f aegis.DriftFilter, p aegis.Page) (List[aegis.DriftGroup], error) {
	q := driftQuery(f, p)
	q.Set("group_by", "cause")
	return get[List[aegis.DriftGroup]](ctx, c, "/v1/drift-reports", q)
}

func driftQuery(f aegis.DriftFilter, p aegis.Page) url.Values {
	q := pageQuery(p)
	for name, value := range map[string]string{
		"stack_id": f.StackID, "kind": string(f.Kind), "state": string(f.State), "group": f.Group,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// DriftReport reads a drift report.
func (c *Client) DriftReport(ctx context.Context, id string) (aegis.DriftReport, error) {
	return get[aegis.DriftReport](ctx, c, "/v1/drift-reports/"+url.PathEscape(id), nil)
}

// SendEvents hands in what CloudTrail tells.
func (c *Client) SendEvents(ctx context.Context, body json.RawMessage) (aegis.EventCounts, error) {
	return post[aegis.EventCounts](ctx, c, "/v1/events", body)
}
