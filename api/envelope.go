package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) envelopeRoutes() {
	tags := []string{"envelope"}
	handle(s, huma.Operation{
		OperationID: "list-breakers", Method: http.MethodGet, Path: "/v1/breakers", Tags: tags,
		Summary: "List breakers, open ones first",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.Breaker], error) {
		breakers, err := s.Envelope.Breakers(ctx)
		if err != nil {
			return nil, err
		}
		return pageOf(breakers, *in, func(b aegis.Breaker) string { return b.BreakerID })
	})
	handle(s, huma.Operation{
		OperationID: "open-breaker", Method: http.MethodPost, Path: "/v1/breakers", Tags: tags,
		Summary: "Stop changes to a stack or region, or by an agent or tool", DefaultStatus: http.StatusCreated,
	}, s.openBreaker)
	handle(s, huma.Operation{
		OperationID: "close-breaker", Method: http.MethodPost, Path: "/v1/breakers/{breaker_id}/close", Tags: tags,
		Summary: "Let changes pass again",
	}, s.closeBreaker)
	handle(s, huma.Operation{
		OperationID: "list-budgets", Method: http.MethodGet, Path: "/v1/budgets", Tags: tags,
		Summary: "List budgets: limit, reserved and spent",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.BudgetAccount], error) {
		budgets, err := s.Envelope.Budgets(ctx)
		if err != nil {
			return nil, err
		}
		return pageOf(budgets, *in, func(b aegis.BudgetAccount) string { return b.Scope })
	})
	handle(s, huma.Operation{
		OperationID: "set-budget", Method: http.MethodPost, Path: "/v1/budgets", Tags: tags,
		Summary: "Set a budget's limit", DefaultStatus: http.StatusOK,
	}, s.setBudget)
}

// BreakerRequest is the body of POST /v1/breakers.
type BreakerRequest struct {
	Scope  aegis.BreakerScope `json:"scope" enum:"stack,region,agent,tool"`
	Key    string             `json:"key" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9._:/-]+$" doc:"The stack id, region, agent or tool"`
	Reason string             `json:"reason" minLength:"1" maxLength:"500"`
	// ExpiresAt closes it by itself.
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it closes by itself; never when absent"`
}

type openBreakerInput struct {
	Body BreakerRequest
}

func (s *server) openBreaker(ctx context.Context, in *openBreakerInput) (*itemOutput[aegis.Breaker], error) {
	now := s.Now().UTC()
	if err := s.checkBreaker(ctx, in.Body, now); err != nil {
		return nil, err
	}
	return itemOf(s.Envelope.OpenBreaker(ctx, aegis.Breaker{
		BreakerID: aegis.NewID(aegis.BreakerPrefix, now), Scope: in.Body.Scope, Key: in.Body.Key, Open: true,
		Reason: in.Body.Reason, OpenedBy: principal(ctx).Name, OpenedAt: now, ExpiresAt: in.Body.ExpiresAt,
	}))
}

func (s *server) checkBreaker(ctx context.Context, r BreakerRequest, now time.Time) error {
	var faults aegis.InvalidError
	if !printable(r.Reason) {
		faults.Add("reason", "remove the control characters")
	}
	if r.ExpiresAt != nil && !r.ExpiresAt.After(now) {
		faults.Add("expires_at", "it has passed")
	}
	if r.Scope == aegis.BreakerRegion {
		s.checkRegion(&faults, "key", r.Key)
	}
	if err := faults.OrNil(); err != nil || r.Scope != aegis.BreakerStack {
		return err
	}
	_, err := s.Stacks.Stack(ctx, r.Key)
	return err
}

type closeBreakerInput struct {
	BreakerID string `path:"breaker_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	Body      *nothing
}

func (s *server) closeBreaker(ctx context.Context, in *closeBreakerInput) (*itemOutput[aegis.Breaker], error) {
	b, err := s.Envelope.CloseBreaker(ctx, in.BreakerID, principal(ctx).Name)
	if err != nil {
		return nil, err
	}
	return itemOf(b, s.lookAgain(ctx, b))
}

// lookAgain asks for a look at what a closed breaker kept from being corrected.
func (s *server) lookAgain(ctx context.Context, b aegis.Breaker) error {
	stackID, _, attribute := strings.Cut(b.Key, " ")
	if b.Scope != aegis.BreakerAttribute || !attribute {
		return nil
	}
	stack, err := s.Stacks.Stack(ctx, stackID)
	if errors.Is(err, aegis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(s.Queue.EnqueueReconcile(ctx, stackID), s.Queue.EnqueueStock(ctx, stack.Region))
}

// BudgetLimitRequest is the body of POST /v1/budgets.
type BudgetLimitRequest struct {
	Scope    string  `json:"scope" pattern:"^(estate|goal:[a-z0-9-]{1,64})$" doc:"estate, or goal:<goal_id>"`
	LimitUSD float64 `json:"limit_usd_month" minimum:"0" maximum:"1000000000"`
}

type setBudgetInput struct {
	Body BudgetLimitRequest
}

func (s *server) setBudget(ctx context.Context, in *setBudgetInput) (*itemOutput[aegis.BudgetAccount], error) {
	if err := s.Envelope.SetBudget(ctx, in.Body.Scope, in.Body.LimitUSD); err != nil {
		return nil, err
	}
	budgets, err := s.Envelope.Budgets(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range budgets {
		if b.Scope == in.Body.Scope {
			return itemOf(b, nil)
		}
	}
	return itemOf(aegis.BudgetAccount{Scope: in.Body.Scope, LimitUSD: in.Body.LimitUSD}, nil)
}
