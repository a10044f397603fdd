package api

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

// loginLife is how long a login link works, once.
const loginLife = 10 * time.Minute

func (s *server) tokenRoutes() {
	tags := []string{"access"}
	handle(s, huma.Operation{
		OperationID: "who-am-i", Method: http.MethodGet, Path: "/v1/whoami", Tags: tags,
		Summary: "Read who bears the token",
	}, func(ctx context.Context, _ *struct{}) (*itemOutput[aegis.Principal], error) {
		return itemOf(principal(ctx), nil)
	})
	handle(s, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/v1/tokens", Tags: tags,
		Summary: "List tokens, never their secrets",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.Token], error) {
		tokens, err := s.Auth.Tokens(ctx)
		if err != nil {
			return nil, err
		}
		return pageOf(tokens, *in, func(t aegis.Token) string { return t.TokenID })
	})
	handle(s, huma.Operation{
		OperationID: "create-token", Method: http.MethodPost, Path: "/v1/tokens", Tags: tags,
		Summary: "Make a token; its secret is shown once", DefaultStatus: http.StatusCreated,
	}, s.createToken)
	handle(s, huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/v1/tokens/{token_id}", Tags: tags,
		Summary: "End a token at once", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *tokenPath) (*struct{}, error) {
		return nil, s.Auth.RevokeToken(ctx, in.TokenID)
	})
	handle(s, huma.Operation{
		OperationID: "create-login-link", Method: http.MethodPost, Path: "/v1/login-links", Tags: tags,
		Summary: "Make a link that signs a browser in, once, within 10 minutes", DefaultStatus: http.StatusCreated,
	}, s.createLoginLink)
}

type tokenPath struct {
	TokenID string `path:"token_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// TokenRequest is the body of POST /v1/tokens.
type TokenRequest struct {
	Name      string     `json:"name" minLength:"1" maxLength:"80" pattern:"^[A-Za-z0-9][A-Za-z0-9._@-]*$" doc:"Who or what bears it"`
	Role      aegis.Role `json:"role" enum:"viewer,submitter,operator,admin,agent"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it stops working; never when absent"`
}

// TokenSecret is a new token and, this once, its secret.
type TokenSecret struct {
	aegis.Token

	Secret string `json:"secret" doc:"Shown once; only its SHA-256 is kept"`
}

type createTokenInput struct {
	Body TokenRequest
}

func (s *server) createToken(ctx context.Context, in *createTokenInput) (*itemOutput[TokenSecret], error) {
	now := s.Now().UTC()
	if e := in.Body.ExpiresAt; e != nil && !e.After(now) {
		return nil, aegis.Invalid("expires_at", "it has passed")
	}
	secret, sum := NewSecret()
	token := aegis.Token{
		TokenID: aegis.NewID(aegis.TokenPrefix, now), Name: in.Body.Name, Role: in.Body.Role,
		CreatedAt: now, ExpiresAt: in.Body.ExpiresAt,
	}
	if err := s.Auth.CreateToken(ctx, token, sum); err != nil {
		return nil, err
	}
	return itemOf(TokenSecret{Token: token, Secret: secret}, nil)
}

// LoginLink is a path that signs a browser in, once.
type LoginLink struct {
	// Path is to be opened on the API's own address.
	Path      string    `json:"path" example:"/login?code=…"`
	ExpiresAt time.Time `json:"expires_at"`
}

type loginLinkInput struct {
	Body *nothing
}

func (s *server) createLoginLink(ctx context.Context, _ *loginLinkInput) (*itemOutput[LoginLink], error) {
	secret, _ := NewSecret()
	code := strings.TrimPrefix(secret, tokenPrefix)
	expires := s.Now().UTC().Add(loginLife)
	if err := s.Auth.CreateLoginCode(ctx, sha256.Sum256([]byte(code)), principal(ctx).TokenID, expires); err != nil {
		return nil, err
	}
	return itemOf(LoginLink{Path: "/login?code=" + code, ExpiresAt: expires}, nil)
}
