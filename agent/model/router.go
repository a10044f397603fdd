package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Config is what a Router needs. Models and Ledger must be there.
type Config struct {
	Models   []Model
	Ledger   Ledger
	Observer Observer
	// Answers outlive the process; nil keeps them in its cache alone.
	Answers Answers
	Logger  *slog.Logger
	Now     func() time.Time
	// Rounds is how often all models are tried; 3 when 0.
	Rounds int
	// Repairs is how often a model is asked for a better answer; 2 when 0, none
	// when negative.
	Repairs int
	// CacheEntries, CacheBytes and CacheTTL bound the cache; 512, 32 MiB and ten
	// minutes when 0. Negative entries keep none.
	CacheEntries, CacheBytes int
	CacheTTL                 time.Duration
}

// Router asks whichever model fits. It is safe for concurrent use.
type Router struct {
	members  []*member
	ledger   Ledger
	observer Observer
	answers  Answers
	logger   *slog.Logger
	now      func() time.Time
	rounds   int
	repairs  int
	cache    *cache // nil keeps nothing
}

const defaultTimeout = time.Minute

// New checks the configuration. A model without a price is refused.
func New(c Config) (*Router, error) {
	if c.Ledger == nil {
		return nil, errors.New("a router needs a ledger: nothing is called without a reservation")
	}
	r := &Router{
		ledger: c.Ledger, observer: c.Observer, answers: c.Answers, logger: c.Logger, now: c.Now,
		rounds: cmp.Or(c.Rounds, 3), repairs: max(0, cmp.Or(c.Repairs, 2)),
	}
	if r.observer == nil {
		r.observer = blind{}
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	if entries := cmp.Or(c.CacheEntries, 512); entries > 0 {
		r.cache = newCache(entries, cmp.Or(c.CacheBytes, 32<<20), cmp.Or(c.CacheTTL, 10*time.Minute))
	}
	for _, m := range c.Models {
		if m.Price.InputUSD < 0 || m.Price.OutputUSD < 0 || m.Price.Window < 1 {
			return nil, fmt.Errorf("model %s: give its price and window", m.name())
		}
		m.Timeout = cmp.Or(m.Timeout, defaultTimeout)
		r.members = append(r.members, newMember(m))
	}
	return r, nil
}

// Complete answers a request, from the cache, from what was kept, or by a model
// whose call the account pays for. Its error matches an InvalidError, ErrNoModel, ErrBudget,
// ErrLedger, the context's, or what became of each model that was asked; the
// response then has what they took all the same.
func (r *Router) Complete(ctx context.Context, req Request, account Account) (Response, error) {
	if err := req.check(); err != nil {
		return Response{}, err
	}
	form, err := newStructure(req.Schema)
	if err != nil {
		return Response{}, err
	}
	began, key := r.now(), req.key()
	if hit, ok := r.lookUp(key, account, began); ok {
		return hit, nil
	}
	if kept, ok := r.recall(ctx, req, account, key, form); ok {
		return kept, nil
	}
	candidates, err := r.candidates(req)
	if err != nil {
		return Response{}, err
	}
	if !req.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.Deadline.Sub(began))
		defer cancel()
	}
	q := &quest{router: r, request: req, account: account, form: form, candidates: candidates}
	response, err := q.answer(ctx)
	if err != nil {
		return Response{CostMicros: q.charged, InputTokens: q.input, OutputTokens: q.output}, err
	}
	response.Latency = r.now().Sub(began)
	r.keep(ctx, req, account, key, response)
	if r.cache != nil {
		r.cache.put(key, account.Goal, response, r.now())
	}
	return response, nil
}

func (r *Router) lookUp(key [32]byte, account Account, now time.Time) (Response, bool) {
	if r.cache == nil {
		return Response{}, false
	}
	hit, goal, ok := r.cache.get(key, now)
	if !ok {
		return Response{}, false
	}
	hit.Cached, hit.CostMicros, hit.Latency, hit.InputTokens, hit.OutputTokens = true, account.paid(goal, hit.CostMicros), 0, 0, 0
	return hit, true
}
