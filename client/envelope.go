package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/aegisworld/aegis"
)

// Breakers lists breakers, open ones first.
func (c *Client) Breakers(ctx context.Context) (List[aegis.Breaker], error) {
	return all[aegis.Breaker](ctx, c, "/v1/breakers")
}

// BreakerRequest describes a breaker to open.
type BreakerRequest struct {
	Scope     aegis.BreakerScope `json:"scope"`
	Key       string             `json:"key"`
	Reason    string             `json:"reason"`
	ExpiresAt *time.Time         `json:"expires_at,omitempty"`
}

// OpenBreaker stops changes within a scope.
func (c *Client) OpenBreaker(ctx context.Context, b BreakerRequest) (aegis.Breaker, error) {
	return post[aegis.Breaker](ctx, c, "/v1/breakers", b)
}

// CloseBreaker lets changes pass again.
func (c *Client) CloseBreaker(ctx context.Context, id string) (aegis.Breaker, error) {
	return post[aegis.Breaker](ctx, c, "/v1/breakers/"+url.PathEscape(id)+"/close", nil)
}

// Budgets lists budgets.
func (c *Client) Budgets(ctx context.Context) (List[aegis.BudgetAccount], error) {
	return all[aegis.BudgetAccount](ctx, c, "/v1/budgets")
}

// SetBudget sets the limit of a scope, "estate" or "goal:<goal_id>", in US
// dollars a month.
func (c *Client) SetBudget(ctx context.Context, scope string, limitUSDMonth float64) (aegis.BudgetAccount, error) {
	return post[aegis.BudgetAccount](ctx, c, "/v1/budgets", map[string]any{"scope": scope, "limit_usd_month": limitUSDMonth})
}

// TokenRequest describes a token to make.
type TokenRequest struct {
	Name      string     `json:"name"`
	Role      aegis.Role `json:"role"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// TokenSecret is a new token and, this once, its secret.
type TokenSecret struct {
	aegis.Token

	Secret string `json:"secret"`
}

// CreateToken makes a token.
func (c *Client) CreateToken(ctx context.Context, t TokenRequest) (TokenSecret, error) {
	return post[TokenSecret](ctx, c, "/v1/tokens", t)
}

// Tokens lists tokens.
func (c *Client) Tokens(ctx context.Context) (List[aegis.Token], error) {
	return all[aegis.Token](ctx, c, "/v1/tokens")
}

// RevokeToken ends a token at once.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/tokens/"+url.PathEscape(id), nil, nil, nil)
}

// WhoAmI reads who bears the client's token.
func (c *Client) WhoAmI(ctx context.Context) (aegis.Principal, error) {
	return get[aegis.Principal](ctx, c, "/v1/whoami", nil)
}

// LoginLink signs a browser in, once.
type LoginLink struct {
	// URL is the whole link.
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CreateLoginLink makes a link that signs a browser in as the token's bearer.
func (c *Client) CreateLoginLink(ctx context.Context) (LoginLink, error) {
	link, err := post[struct {
		Path      string    `json:"path"`
		ExpiresAt time.Time `json:"expires_at"`
	}](ctx, c, "/v1/login-links", nil)
	return LoginLink{URL: c.base + link.Path, ExpiresAt: link.ExpiresAt}, err
}
