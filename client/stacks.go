package client

import (
	"context"
	"net/url"

	"github.com/aegisworld/aegis"
)

// Stack reads a stack and its newest applied spec.
func (c *Client) Stack(ctx context.Context, id string) (aegis.Stack, error) {
	return get[aegis.Stack](ctx, c, "/v1/stacks/"+url.PathEscape(id), nil)
}

// Stacks lists stacks.
func (c *Client) Stacks(ctx context.Context, p aegis.Page) (List[aegis.Stack], error) {
	return get[List[aegis.Stack]](ctx, c, "/v1/stacks", pageQuery(p))
}

// StackDrift reads what the newest refresh of a stack saw.
func (c *Client) StackDrift(ctx context.Context, id string) (aegis.Observation, error) {
	return get[aegis.Observation](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/drift", nil)
}

// ReconcileStack asks for a look at a stack now.
func (c *Client) ReconcileStack(ctx context.Context, id string) (aegis.Stack, error) {
	return post[aegis.Stack](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/reconcile", nil)
}

// Adoption describes a Terraform workspace to adopt.
type Adoption struct {
	StackID     string                `json:"stack_id"`
	Environment string                `json:"environment"`
	Layer       string                `json:"layer,omitempty"`
	Region      string                `json:"region"`
	Source      aegis.WorkspaceSource `json:"source"`
}

// AdoptStack adopts a Terraform workspace.
func (c *Client) AdoptStack(ctx context.Context, a Adoption) (aegis.Stack, error) {
	return post[aegis.Stack](ctx, c, "/v1/stacks", a)
}
