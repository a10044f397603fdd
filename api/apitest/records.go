package apitest

import (
	"context"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Breakers lists them.
func (s *Store) Breakers(context.Context) ([]aegis.Breaker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.breakers), s.fault
}

// OpenBreaker stores one.
func (s *Store) OpenBreaker(_ context.Context, b aegis.Breaker) (aegis.Breaker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakers = append(s.breakers, b)
	return b, s.fault
}

// CloseBreaker closes one.
func (s *Store) CloseBreaker(_ context.Context, id, _ string) (aegis.Breaker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := find(s.breakers, "breaker", id, func(b aegis.Breaker) string { return b.BreakerID })
	if err != nil {
		return b, err
	}
	now := s.Now()
	b.Open, b.ClosedAt = false, &now
	s.breakers = put(s.breakers, b, func(b aegis.Breaker) string { return b.BreakerID })
	return b, nil
}

// Budgets lists them.
func (s *Store) Budgets(context.Context) ([]aegis.BudgetAccount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.budgets), s.fault
}

// SetBudget stores a limit.
func (s *Store) SetBudget(_ context.Context, scope string, limit float64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budgets = put(s.budgets, aegis.BudgetAccount{Scope: scope, LimitUSD: limit}, func(b aegis.BudgetAccount) string { return b.Scope })
	return s.fault
}

// PutTrace stores a trace.
func (s *Store) PutTrace(t aegis.TaskTrace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traces = append(s.traces, t)
}

// Traces lists them.
func (s *Store) Traces(_ context.Context, p aegis.Page) ([]aegis.TaskTrace, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(s.traces, p)
}

// Trace reads one.
func (s *Store) Trace(_ context.Context, id string) (aegis.TaskTrace, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.traces, "trace", id, func(t aegis.TaskTrace) string { return t.TraceID })
}

// CreateToken stores a token by its hash.
func (s *Store) CreateToken(_ context.Context, t aegis.Token, sum [32]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens, s.sums[sum] = append(s.tokens, t), t.TokenID
	return s.fault
}

// Tokens lists them.
func (s *Store) Tokens(context.Context) ([]aegis.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens), s.fault
}

// RevokeToken ends one.
func (s *Store) RevokeToken(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.tokens, func(t aegis.Token) bool { return t.TokenID == id })
	if i < 0 {
		return aegis.ErrNotFound
	}
	now := s.Now()
	s.tokens[i].RevokedAt = &now
	return nil
}

// Authenticate finds a valid token's principal.
func (s *Store) Authenticate(_ context.Context, sum [32]byte) (aegis.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return aegis.Principal{}, s.fault
	}
	return s.bearer(s.sums[sum])
}

func (s *Store) bearer(tokenID string) (aegis.Principal, error) {
	for _, t := range s.tokens {
		if t.TokenID == tokenID && t.RevokedAt == nil && (t.ExpiresAt == nil || t.ExpiresAt.After(s.Now())) {
			return aegis.Principal{Name: t.Name, Role: t.Role, TokenID: t.TokenID}, nil
		}
	}
	return aegis.Principal{}, aegis.ErrUnauthenticated
}

// CreateLoginCode stores a code.
func (s *Store) CreateLoginCode(_ context.Context, sum [32]byte, tokenID string, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[sum] = code{tokenID, expires}
	return s.fault
}

// RedeemLoginCode turns a code into a session, once.
func (s *Store) RedeemLoginCode(_ context.Context, codeSum, sessionSum [32]byte, expires time.Time) (aegis.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.codes[codeSum]
	delete(s.codes, codeSum)
	if !ok || !c.expires.After(s.Now()) {
		return aegis.Principal{}, aegis.ErrUnauthenticated
	}
	s.codes[sessionSum] = code{c.tokenID, expires}
	return s.bearer(c.tokenID)
}

// Session finds a session's principal.
func (s *Store) Session(_ context.Context, sum [32]byte) (aegis.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.codes[sum]
	if !ok || !c.expires.After(s.Now()) {
		return aegis.Principal{}, aegis.ErrUnauthenticated
	}
	return s.bearer(c.tokenID)
}

// BeginRequest claims an idempotency key, or answers what was stored for it.
func (s *Store) BeginRequest(_ context.Context, who, key string, sum [32]byte) (*aegis.StoredResponse, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[who+" "+key]
	switch {
	case !ok:
		r = &request{sum: sum, began: s.Now()}
		s.requests[who+" "+key] = r
		return nil, r.began, s.fault
	case r.sum != sum:
		return nil, r.began, aegis.ErrIdempotencyMismatch
	case r.free:
		r.free = false
		return nil, r.began, nil
	case r.answer == nil:
		return nil, r.began, aegis.ErrConflict
	default:
		return r.answer, r.began, nil
	}
}

// LoseAnswers has every request as if its process had died before its answer
// was kept, and a minute had passed.
func (s *Store) LoseAnswers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		r.answer, r.free = nil, true
	}
}

// FinishRequest stores an answer; one of 5xx frees the key instead.
func (s *Store) FinishRequest(_ context.Context, who, key string, status int, header map[string]string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status >= 500 {
		delete(s.requests, who+" "+key)
		return nil
	}
	s.requests[who+" "+key].answer = &aegis.StoredResponse{Status: status, Header: header, Body: slices.Clone(body)}
	return nil
}
