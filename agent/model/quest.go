package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// quest is the way of one request to its answer. One goroutine owns it.
type quest struct {
	router     *Router
	request    Request
	account    Account
	form       structure
	candidates []*candidate
	failures   []error
	charged    int64
	input      int
	output     int
}

// reply is what became of one call.
type reply struct {
	from    *candidate
	answer  Answer
	charged int64
	err     error
}

// count adds what a call took.
func (q *quest) count(r reply) { q.charged += r.charged }

const (
	firstBackoff = 250 * time.Millisecond
	mostBackoff  = 20 * time.Second
)

// answer tries the candidates in their order, then waits and tries those again
// that may have recovered.
func (q *quest) answer(ctx context.Context) (Response, error) {
	for round := range q.router.rounds {
		for _, c := range q.candidates {
			if !c.ready(q.router.now()) {
				continue
			}
			response, final, err := q.ask(ctx, c, round)
			if err == nil {
				return response, nil
			}
			if final {
				return Response{}, err
			}
		}
		if round == q.router.rounds-1 || !q.wait(ctx) {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return Response{}, fmt.Errorf("ask a model: %w", errors.Join(append(q.failures, err)...))
	}
	return Response{}, fmt.Errorf("no model answered: %w", errors.Join(q.failures...))
}

// ask gets a valid answer of one candidate, or of the next that was asked
// beside it. final says that no other candidate is to be asked.
func (q *quest) ask(ctx context.Context, c *candidate, round int) (response Response, final bool, err error) {
	got := q.first(ctx, c, round)
	for repairs := 0; ; repairs++ {
		if got.err != nil {
			return Response{}, q.failed(ctx, got, round), got.err
		}
		q.input, q.output = q.input+got.answer.InputTokens, q.output+got.answer.OutputTokens
		value, fault := q.form.check(got.answer.Text)
		if fault == "" {
			return q.response(got, value), false, nil
		}
		if repairs == q.router.repairs {
			got.err = &CallError{Kind: ErrBadAnswer, Detail: fault}
			continue
		}
		got = q.call(ctx, got.from, q.request.repair(got.answer.Text, fault), Call{Repair: true})
		q.count(got)
	}
}

func (q *quest) response(got reply, value []byte) Response {
	if q.request.Kind == KindEmbed {
		value = []byte(got.answer.Text)
	}
	return Response{
		Text: got.answer.Text, JSON: value, Model: got.from.ID, Provider: got.from.Provider.Name(),
		InputTokens: q.input, OutputTokens: q.output, CostMicros: q.charged,
	}
}

// failed notes a failure, and when the candidate may be asked again, if at all.
// final says that no other may be asked either.
func (q *quest) failed(ctx context.Context, got reply, round int) (final bool) {
	q.failures = append(q.failures, fmt.Errorf("%s: %w", got.from.name(), got.err))
	if ctx.Err() != nil || errors.Is(got.err, ErrLedger) {
		return true
	}
	if !transient(got.err) {
		got.from.out = true
		return false
	}
	backoff := min(mostBackoff, firstBackoff<<round)
	backoff += time.Duration(rand.Int64N(int64(backoff)/2 + 1)) //nolint:gosec // jitter is no secret
	got.from.notBefore = q.router.now().Add(max(backoff, retryAfter(got.err)))
	return false
}

// wait sleeps until a candidate may be asked again; false when none will be, or
// not in time.
func (q *quest) wait(ctx context.Context) bool {
	var next time.Time
	for _, c := range q.candidates {
		if !c.out && (next.IsZero() || c.notBefore.Before(next)) {
			next = c.notBefore
		}
	}
	if next.IsZero() {
		return false
	}
	pause := next.Sub(q.router.now())
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
