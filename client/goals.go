package client

import (
	"context"
	"net/url"

	"github.com/aegisworld/aegis"
)

// Intent documents one family of things that a goal can ask for.
type Intent struct {
	Name     string   `json:"name"`
	Layer    string   `json:"layer"`
	Summary  string   `json:"summary"`
	Examples []string `json:"examples"`
}

// CreateGoal asks for something. GoalID is the API's to give.
func (c *Client) CreateGoal(ctx context.Context, spec aegis.GoalSpec) (aegis.Goal, error) {
	spec.GoalID = ""
	return post[aegis.Goal](ctx, c, "/v1/goals", spec)
}

// Goal reads a goal.
func (c *Client) Goal(ctx context.Context, id string) (aegis.Goal, error) {
	return get[aegis.Goal](ctx, c, "/v1/goals/"+url.PathEscape(id), nil)
}

// Goals lists goals.
func (c *Client) Goals(ctx context.Context, p aegis.Page) (List[aegis.Goal], error) {
	return get[List[aegis.Goal]](ctx, c, "/v1/goals", pageQuery(p))
}

// CancelGoal stops pursuing a goal and the change sets proposed for it.
func (c *Client) CancelGoal(ctx context.Context, id string) (aegis.Goal, error) {
	return post[aegis.Goal](ctx, c, "/v1/goals/"+url.PathEscape(id)+"/cancel", nil)
}

// Intents lists what goals can ask for.
func (c *Client) Intents(ctx context.Context) (List[Intent], error) {
	return all[Intent](ctx, c, "/v1/goals/intents")
}
