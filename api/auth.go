package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/aegisworld/aegis"
)

// tokenPrefix begins every token, so that scanners of leaked secrets know one.
const tokenPrefix = "aegis_"

// leastToken and mostToken bound the length of a token. Those that are made here
// are the prefix and 256 bits in base64url, 49 characters; the first admin's may
// be chosen by who deploys.
const (
	leastToken = 32
	mostToken  = 256
)

type callerKey struct{}

// caller is who makes a request, and the SHA-256 of the token that tells so.
type caller struct {
	aegis.Principal

	sum [32]byte
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// principal is the authenticated caller, or nobody on public routes.
func principal(ctx context.Context) aegis.Principal { return callerOf(ctx).Principal }

// NewSecret returns a token of 256 random bits and the SHA-256 that is stored
// in its place.
func NewSecret() (secret string, sum [32]byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return secret, sha256.Sum256([]byte(secret))
}

// authorize lets a request through when its route is in the table and its
// token's role meets the demand.
func (s *server) authorize(g *gin.Context) {
	if g.FullPath() == "" {
		return // a page, or nothing: noRoute answers
	}
	demand := s.access[g.Request.Method+" "+g.FullPath()]
	if demand == public || s.PublicMetrics && g.FullPath() == "/metrics" {
		return
	}
	c, err := s.authenticate(g)
	switch {
	case err != nil:
		s.refuse(g, err)
	case !demand.allows(c.Role):
		s.abort(g, newProblem(http.StatusForbidden, "forbidden", "the role "+string(c.Role)+" may not do this"))
	default:
		g.Request = g.Request.WithContext(context.WithValue(g.Request.Context(), callerKey{}, c))
	}
}

// authenticate asks the store for who bears the token. A token is looked up by
// its hash, so that no comparison leaks what is stored.
func (s *server) authenticate(g *gin.Context) (caller, error) {
	secret, ok := bearer(g.Request)
	if !ok {
		return caller{}, aegis.ErrUnauthenticated
	}
	sum, from := sha256.Sum256([]byte(secret)), g.RemoteIP()
	if !s.strain.admit(from, sum) {
		return caller{}, errTooManyFailures
	}
	p, err := s.Auth.Authenticate(g.Request.Context(), sum)
	switch {
	case err == nil:
		s.strain.succeeded(sum)
	case errors.Is(err, aegis.ErrNotFound), errors.Is(err, aegis.ErrUnauthenticated):
		s.strain.failed(from, sum)
		err = aegis.ErrUnauthenticated
	}
	return caller{p, sum}, err
}

// bearer reads a token that could be one of ours.
func bearer(r *http.Request) (string, bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	ok := strings.EqualFold(scheme, "Bearer") && len(secret) >= leastToken && len(secret) <= mostToken && strings.HasPrefix(secret, tokenPrefix)
	return secret, ok && len(r.Header.Values("Authorization")) == 1
}

// errTooManyFailures is an address that tried too many wrong tokens.
var errTooManyFailures = errors.New("too many failed authentications")

func (s *server) refuse(g *gin.Context, err error) {
	switch {
	case errors.Is(err, errTooManyFailures):
		g.Header("Retry-After", "10")
		s.abort(g, newProblem(http.StatusTooManyRequests, "rate_limited", "too many failed authentications from this address; wait"))
	case errors.Is(err, aegis.ErrUnauthenticated):
		g.Header("WWW-Authenticate", `Bearer realm="aegis"`)
		s.abort(g, newProblem(http.StatusUnauthorized, "unauthenticated",
			"give a token that is neither expired nor revoked as Authorization: Bearer"))
	default:
		s.fail(g, err)
	}
}

// fail answers an error outside huma.
func (s *server) fail(g *gin.Context, err error) {
	p := problemOf(err)
	_ = s.fault(g.Request.Context(), err) // logs
	if p.Status == http.StatusServiceUnavailable {
		g.Header("Retry-After", "1")
	}
	s.abort(g, p)
}
