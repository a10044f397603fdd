package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

// Model is one configured model.
type Model struct {
	Provider Provider
	// ID is the provider's name of the model.
	ID string
	// Kinds are the task kinds that it is for; empty is all but KindEmbed. A model
	// that names a kind is asked before those that take any.
	Kinds []string
	// Scopes are the data scopes that it may see; empty is all.
	Scopes []string
	Price  Price
	// RPM is the most calls a minute; 0 does not limit them.
	RPM int
	// Timeout is the longest call.
	Timeout time.Duration
}

func (m Model) name() string { return m.Provider.Name() + "/" + m.ID }

// refusal says why a model is not for a request; "" is that it is.
func (m Model) refusal(r Request) string {
	named := slices.Contains(m.Kinds, r.Kind)
	switch {
	case !named && (len(m.Kinds) > 0 || r.Kind == KindEmbed || r.Named):
		return fmt.Sprintf("is not for tasks of kind %q", r.Kind)
	case len(r.Models) > 0 && !slices.Contains(r.Models, m.name()):
		return "is none of the agent's"
	case !m.sees(r.DataScopes):
		return fmt.Sprintf("may not see data of scope %q", strings.Join(r.DataScopes, ", "))
	case r.likelyTokens()+r.MaxTokens > m.Price.Window:
		return fmt.Sprintf("has a window of %d tokens, some %d are needed", m.Price.Window, r.likelyTokens()+r.MaxTokens)
	default:
		return ""
	}
}

// sees says that the model may see data of all the scopes.
func (m Model) sees(scopes []string) bool {
	if len(m.Scopes) == 0 {
		return true
	}
	return len(scopes) > 0 && !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(m.Scopes, s) })
}

// member is a model with what is known of it.
type member struct {
	Model
	breaker *gobreaker.CircuitBreaker[Answer]
	limiter *rate.Limiter // nil does not limit
	seen    observed
}

const (
	breakerRest     = 30 * time.Second
	breakerInterval = time.Minute
	breakerInARow   = 5
	breakerSample   = 20
)

func newMember(m Model) *member {
	out := &member{Model: m, breaker: gobreaker.NewCircuitBreaker[Answer](gobreaker.Settings{
		Name: m.name(), Interval: breakerInterval, Timeout: breakerRest,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.ConsecutiveFailures >= breakerInARow || c.Requests >= breakerSample && c.TotalFailures*2 >= c.Requests
		},
		IsSuccessful: func(err error) bool { return !transient(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
	})}
	if m.RPM > 0 {
		out.limiter = rate.NewLimiter(rate.Limit(float64(m.RPM)/60), max(1, m.RPM/10))
	}
	return out
}

// ready says whether the model may be called now, without money being reserved
// in vain; it takes one call of the rate limit.
func (m *member) ready(now time.Time) error {
	if wait := m.seen.resting().Sub(now); wait > 0 {
		return &CallError{Kind: ErrRateLimited, Detail: "the provider asked to wait", RetryAfter: wait, Unpaid: true}
	}
	if m.breaker.State() == gobreaker.StateOpen {
		return breakerOpen()
	}
	if m.limiter == nil {
		return nil
	}
	turn := m.limiter.ReserveN(now, 1)
	if wait := turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		return &CallError{Kind: ErrRateLimited, Detail: fmt.Sprintf("%d calls a minute are configured", m.RPM), RetryAfter: wait, Unpaid: true}
	}
	return nil
}

func breakerOpen() error {
	return &CallError{Kind: ErrOverloaded, Detail: "its breaker is open", RetryAfter: breakerRest, Unpaid: true}
}

// attempt makes one call within the model's timeout, if the breaker lets it.
func (m *member) attempt(ctx context.Context, r Request) (Answer, error) {
	answer, err := m.breaker.Execute(func() (Answer, error) {
		limited, cancel := context.WithTimeout(ctx, m.Timeout)
		defer cancel()
		answer, err := m.Provider.Complete(limited, m.ID, r)
		if err == nil && len(answer.Text) > MaxAnswerBytes {
			err = &CallError{Kind: ErrTooLarge, Detail: fmt.Sprintf("the answer is longer than %d bytes", MaxAnswerBytes)}
		}
		switch {
		case err == nil || unpaid(err):
			return answer, err
		case ctx.Err() != nil:
			return answer, ctx.Err()
		case limited.Err() != nil:
			return answer, &CallError{Kind: ErrOverloaded, Detail: fmt.Sprintf("no answer within %s", m.Timeout)}
		default:
			return answer, err
		}
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return Answer{}, breakerOpen()
	}
	return answer, err
}
