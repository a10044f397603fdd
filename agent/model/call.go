package model

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// settleTimeout is how long a settlement may take when its request is over.
const settleTimeout = 10 * time.Second

// call makes one call that is paid for: reserve, call, settle. Several may run
// at once.
func (q *quest) call(ctx context.Context, c *candidate, r Request, about Call) reply {
	router := q.router
	if err := c.member.ready(router.now()); err != nil {
		return reply{from: c, err: err}
	}
	hold, err := router.reserve(ctx, c.member, r, q.account)
	if err != nil {
		return reply{from: c, err: err}
	}
	about.Provider, about.System, about.Model = c.Provider.Name(), c.Provider.System(), c.ID
	about.Kind, about.MaxTokens, about.ReservedMicros = r.Kind, r.MaxTokens, hold.Micros
	observed, end := router.observer.Start(ctx, about)
	began := router.now()
	answer, err := c.attempt(observed, r)
	latency := router.now().Sub(began)
	charged := router.settle(ctx, c.member, hold, answer, err)
	c.learn(router.now(), latency, err)
	end(Outcome{
		ResponseModel: answer.Model, InputTokens: answer.InputTokens, OutputTokens: answer.OutputTokens,
		CostMicros: charged, Latency: latency, Err: err,
	})
	return reply{from: c, answer: answer, charged: charged, err: err}
}

// learn records how a call went. One that was cancelled says nothing.
func (m *member) learn(now time.Time, latency time.Duration, err error) {
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
	case err != nil && (transient(err) || errors.Is(err, ErrRejected)):
		rest := time.Time{}
		if errors.Is(err, ErrRateLimited) {
			rest = now.Add(retryAfter(err))
		}
		m.seen.failed(now, rest)
	default:
		m.seen.answered(latency)
	}
}

// reserve sets aside what a call costs at most. Without a hold there is no call.
func (r *Router) reserve(ctx context.Context, m *member, req Request, account Account) (Hold, error) {
	hold, err := r.ledger.Reserve(ctx, account, m.Price.micros(req.mostTokens(), req.MaxTokens))
	if err != nil && ctx.Err() != nil {
		return Hold{}, ctx.Err()
	}
	if err != nil && !errors.Is(err, ErrBudget) {
		return Hold{}, fmt.Errorf("%w: %w", ErrLedger, err)
	}
	return hold, err
}

// Settle ends a hold with what was spent of it, also when the request is over.
func Settle(ctx context.Context, ledger Ledger, hold Hold, micros int64) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	return ledger.Settle(bounded, hold, micros)
}

// settle ends a hold with what a call cost and returns that: what was metered,
// at most what was held; nothing when the provider did no work; all of it when
// nobody knows. A settlement that fails leaves the hold, which expires as spent.
func (r *Router) settle(ctx context.Context, m *member, hold Hold, answer Answer, err error) int64 {
	micros := hold.Micros
	switch {
	case answer.Metered:
		used := m.Price.micros(answer.InputTokens, answer.OutputTokens)
		if used > hold.Micros || used < 0 {
			r.logger.WarnContext(ctx, "model used more than was reserved", slog.String("model", m.name()),
				slog.Int64("reserved_micros", hold.Micros), slog.Int64("used_micros", used))
			used = hold.Micros
		}
		micros = used
	case err != nil && unpaid(err):
		micros = 0
	}
	if err := Settle(ctx, r.ledger, hold, micros); err != nil {
		r.logger.ErrorContext(ctx, "model call not settled, its hold will expire as spent", slog.String("model", m.name()),
			slog.String("hold_id", hold.ID), slog.Any("error", err))
		return hold.Micros
	}
	return micros
}
