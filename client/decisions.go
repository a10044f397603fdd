package client

import (
	"context"
	"net/url"
	"time"

	"github.com/aegisworld/aegis"
)

// Decisions lists the policy decisions that match a filter, without their
// inputs.
func (c *Client) Decisions(ctx context.Context, f aegis.DecisionFilter, p aegis.Page) (List[aegis.Decision], error) {
	q := pageQuery(p)
	set(q, "stack_id", f.StackID)
	set(q, "change_set_id", f.ChangeSetID)
	set(q, "rule", f.Rule)
	set(q, "outcome", string(f.Outcome))
	set(q, "path", f.Path)
	set(q, "bundle_revision", f.BundleRevision)
	setTime(q, "since", f.Since)
	setTime(q, "until", f.Until)
	if f.Shadow {
		q.Set("shadow", "true")
	}
	return get[List[aegis.Decision]](ctx, c, "/v1/policies/decisions", q)
}

func setTime(q url.Values, name string, t time.Time) {
	if !t.IsZero() {
		q.Set(name, t.UTC().Format(time.RFC3339Nano))
	}
}

// Decision reads a policy decision with its input and the rules that fired;
// with trace, its input is judged again.
func (c *Client) Decision(ctx context.Context, id string, trace bool) (aegis.DecisionExplanation, error) {
	q := url.Values{}
	if trace {
		q.Set("trace", "true")
	}
	return get[aegis.DecisionExplanation](ctx, c, "/v1/policies/decisions/"+url.PathEscape(id), q)
}
