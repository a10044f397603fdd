package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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

// CreateGoal asks for something. GoalID is the API's to give. When an equal goal is
// open, the answer is that.
func (c *Client) CreateGoal(ctx context.Context, spec aegis.GoalSpec) (aegis.Goal, error) {
	spec.GoalID = ""
	return post[aegis.Goal](ctx, c, "/v1/goals", spec)
}

// CreateGoalAgain asks for something although an equal goal may be open.
func (c *Client) CreateGoalAgain(ctx context.Context, spec aegis.GoalSpec) (aegis.Goal, error) {
	spec.GoalID = ""
	return post[aegis.Goal](ctx, c, "/v1/goals", struct {
		aegis.GoalSpec

		Again bool `json:"again"`
	}{spec, true})
}

// GoalSteps lists what an agent did to find what a goal leaves open.
func (c *Client) GoalSteps(ctx context.Context, id string) (List[aegis.AgentStep], error) {
	return all[aegis.AgentStep](ctx, c, "/v1/goals/"+url.PathEscape(id)+"/steps")
}

// PreviewGoal asks what a goal would come to; nothing is proposed. It is asked
// once: one that took too long would take as long again.
func (c *Client) PreviewGoal(ctx context.Context, spec aegis.GoalSpec) (aegis.GoalPreview, error) {
	var out aegis.GoalPreview
	spec.GoalID = ""
	body, err := json.Marshal(spec)
	if err != nil {
		return out, fmt.Errorf("encode the goal: %w", err)
	}
	err = c.once(ctx, http.MethodPost, "/v1/goals/preview", nil, "", body, &out)
	return out, err
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
