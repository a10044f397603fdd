package model_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aegisworld/aegis/agent/model"
)

// purse is a ledger in memory with one limit.
type purse struct {
	mu              sync.Mutex
	limit           int64
	reserved, spent int64
	holds           map[string]int64
	broken          error
}

func newPurse(limit int64) *purse { return &purse{limit: limit, holds: map[string]int64{}} }

// Reserve takes from the limit.
func (p *purse) Reserve(ctx context.Context, _ model.Account, micros int64) (model.Hold, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(p.broken, ctx.Err()); err != nil {
		return model.Hold{}, err
	}
	if p.reserved+p.spent+micros > p.limit {
		return model.Hold{}, &model.BudgetError{Level: "day", Scope: "day:2026-11-27", Micros: micros}
	}
	id := fmt.Sprint("hold-", len(p.holds))
	p.holds[id] = micros
	p.reserved += micros
	return model.Hold{ID: id, Micros: micros}, nil
}

// Settle gives back what was not spent.
func (p *purse) Settle(ctx context.Context, hold model.Hold, micros int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if micros > hold.Micros || micros < 0 {
		return errors.New("settled more than was held")
	}
	p.reserved -= p.holds[hold.ID]
	p.holds[hold.ID] = 0
	p.spent += micros
	return nil
}

func (p *purse) state() (reserved, spent int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reserved, p.spent
}

// oracle is a provider whose answers a test writes.
type oracle struct {
	name string
	mu   sync.Mutex
	// asked are the requests in their order.
	asked  []model.Request
	answer func(ctx context.Context, n int, r model.Request) (model.Answer, error)
}

func (o *oracle) Name() string   { return o.name }
func (o *oracle) System() string { return "test" }

// Complete gives the n-th answer.
func (o *oracle) Complete(ctx context.Context, _ string, r model.Request) (model.Answer, error) {
	o.mu.Lock()
	o.asked = append(o.asked, r)
	n := len(o.asked)
	o.mu.Unlock()
	return o.answer(ctx, n, r)
}

func (o *oracle) calls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

// says is an oracle with one answer, of 100 and 10 tokens.
func says(name, text string) *oracle {
	return &oracle{name: name, answer: func(context.Context, int, model.Request) (model.Answer, error) { return metered(text), nil }}
}

func metered(text string) model.Answer {
	return model.Answer{Text: text, InputTokens: 100, OutputTokens: 10, Metered: true}
}

// fails is an oracle with one error.
func fails(name string, err error) *oracle {
	return &oracle{name: name, answer: func(context.Context, int, model.Request) (model.Answer, error) { return model.Answer{}, err }}
}

// priced is a model at a dollar and two for a million tokens, so that a call of
// oracle's costs 120 micros.
func priced(p model.Provider) model.Model {
	return model.Model{Provider: p, ID: "m", Price: model.Price{InputUSD: 1, OutputUSD: 2, Window: 100_000}, Timeout: time.Minute}
}

const aDollar = 1_000_000
