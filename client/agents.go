package client

import (
	"context"
	"net/url"

	"github.com/aegisworld/aegis"
)

// AgentMemory lists what an agent remembers, newest first or, with a text, best
// first.
func (c *Client) AgentMemory(ctx context.Context, f aegis.MemoryFilter, p aegis.Page) (List[aegis.Memory], error) {
	q := pageQuery(p)
	set(q, "q", f.Text)
	set(q, "kind", string(f.Kind))
	set(q, "scope", f.Scope)
	return get[List[aegis.Memory]](ctx, c, "/v1/agents/"+url.PathEscape(f.AgentID)+"/memory", q)
}

// Models lists the configured models.
func (c *Client) Models(ctx context.Context, p aegis.Page) (List[aegis.Model], error) {
	return get[List[aegis.Model]](ctx, c, "/v1/models", pageQuery(p))
}

// Tools lists the tools that agents may call, by name.
func (c *Client) Tools(ctx context.Context, p aegis.Page) (List[aegis.Tool], error) {
	return get[List[aegis.Tool]](ctx, c, "/v1/tools", pageQuery(p))
}

// CreateAgent makes an agent; AgentID, CreatedBy and CreatedAt are the API's to
// give.
func (c *Client) CreateAgent(ctx context.Context, a aegis.Agent) (aegis.Agent, error) {
	return post[aegis.Agent](ctx, c, "/v1/agents", struct {
		Name     string              `json:"name"`
		Role     string              `json:"role,omitempty"`
		Tools    []string            `json:"tools,omitempty"`
		Models   []string            `json:"models,omitempty"`
		Envelope aegis.AgentEnvelope `json:"envelope"`
	}{a.Name, a.Role, a.Tools, a.Models, a.Envelope})
}

// Agents lists agents.
func (c *Client) Agents(ctx context.Context, p aegis.Page) (List[aegis.Agent], error) {
	return get[List[aegis.Agent]](ctx, c, "/v1/agents", pageQuery(p))
}

// Agent reads an agent by its id or its name.
func (c *Client) Agent(ctx context.Context, id string) (aegis.Agent, error) {
	return get[aegis.Agent](ctx, c, "/v1/agents/"+url.PathEscape(id), nil)
}

// ExecuteAgent has an agent carry out a goal, within its envelope.
func (c *Client) ExecuteAgent(ctx context.Context, id string, spec aegis.GoalSpec) (aegis.Goal, error) {
	spec.GoalID = ""
	return post[aegis.Goal](ctx, c, "/v1/agents/"+url.PathEscape(id)+"/execute", spec)
}
