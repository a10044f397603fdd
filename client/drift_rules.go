package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/aegisworld/aegis"
)

// DriftRuleRequest says what drift to expect: of a stack, or of what a drift
// report is about.
type DriftRuleRequest struct {
	StackID       string `json:"stack_id,omitempty"`
	DriftReportID string `json:"drift_report_id,omitempty"`
	// Address is a resource's address or type, or a glob of either.
	Address string `json:"address,omitempty"`
	// Attribute is a dotted path or a glob; "" is the whole resource, nil all
	// attributes.
	Attribute *string    `json:"attribute,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// DriftRules lists rules of expected drift, of one stack where stackID is given.
func (c *Client) DriftRules(ctx context.Context, stackID string, p aegis.Page) (List[aegis.DriftRule], error) {
	return get[List[aegis.DriftRule]](ctx, c, "/v1/drift/rules", ofStack(stackID, p))
}

func ofStack(stackID string, p aegis.Page) url.Values {
	q := pageQuery(p)
	if stackID != "" {
		q.Set("stack_id", stackID)
	}
	return q
}

// AddDriftRules expects drift, and returns the rules that were made.
func (c *Client) AddDriftRules(ctx context.Context, r DriftRuleRequest) (List[aegis.DriftRule], error) {
	return post[List[aegis.DriftRule]](ctx, c, "/v1/drift/rules", r)
}

// DeleteDriftRule takes a rule back.
func (c *Client) DeleteDriftRule(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/drift/rules/"+url.PathEscape(id), nil, nil, nil)
}

// DriftSuggestions lists the rules that past reports speak for.
func (c *Client) DriftSuggestions(ctx context.Context, stackID string, p aegis.Page) (List[aegis.DriftSuggestion], error) {
	return get[List[aegis.DriftSuggestion]](ctx, c, "/v1/drift/suggestions", ofStack(stackID, p))
}

// AcceptDriftSuggestion makes the rule that is suggested.
func (c *Client) AcceptDriftSuggestion(ctx context.Context, id, reason string, expires *time.Time) (aegis.DriftRule, error) {
	return post[aegis.DriftRule](ctx, c, "/v1/drift/suggestions/"+url.PathEscape(id)+"/accept", acceptTerms{reason, expires})
}

// AdoptDrift makes the spec agree with what a drift report found; the change set
// is under way when it returns.
func (c *Client) AdoptDrift(ctx context.Context, reportID string) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/drift/adoptions", map[string]string{"drift_report_id": reportID})
}

type acceptTerms struct {
	Reason    string     `json:"reason,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}
