package model

import (
	"context"
	"encoding/json"
	"time"
)

// Answers keep what was paid for beyond the life of a process: the worker that goes
// on with a dead one's goal asks the same, and is not to pay again.
type Answers interface {
	// KeptAnswer is what was kept for a digest; ok is false when that is nothing.
	KeptAnswer(ctx context.Context, digest [32]byte) (answer []byte, ok bool, err error)
	// KeepAnswer keeps an answer so long; the first stays.
	KeepAnswer(ctx context.Context, digest [32]byte, answer []byte, life time.Duration) error
}

// answersLife is longer than a goal waits for another worker, also where all of them
// were down for the night.
const answersLife = 24 * time.Hour

// keptAnswer is an answer as it is kept.
type keptAnswer struct {
	Text     string `json:"text"`
	Model    string `json:"model"`
	Provider string `json:"provider"`
	// Goal paid for it, in micro-dollars.
	Goal       string `json:"goal,omitempty"`
	CostMicros int64  `json:"cost_micros,omitempty"`
}

// recall is the answer that was kept for a request, checked as a new one would be.
// It cost the goal what it did where that goal asks again, whose worker died, and others
// nothing. Where there is none, or it can't be read, a model is asked, whose price is
// reserved first.
func (r *Router) recall(ctx context.Context, req Request, key [32]byte, form structure, goal string) (Response, bool) {
	if r.answers == nil || req.Kind == KindEmbed {
		return Response{}, false
	}
	raw, ok, err := r.answers.KeptAnswer(ctx, key)
	if err != nil {
		r.logger.WarnContext(ctx, "kept answers can't be read", "error", err)
	}
	var kept keptAnswer
	if err != nil || !ok || json.Unmarshal(raw, &kept) != nil || kept.Provider == "" {
		return Response{}, false
	}
	value, fault := form.check(kept.Text)
	response := Response{Text: kept.Text, JSON: value, Model: kept.Model, Provider: kept.Provider, Cached: true}
	if goal != "" && goal == kept.Goal {
		response.CostMicros = kept.CostMicros
	}
	return response, fault == ""
}

// keep keeps an answer, also when the caller is gone: it is paid. Vectors are not
// kept: they are cheap, and no step of a goal hangs on them.
func (r *Router) keep(ctx context.Context, req Request, key [32]byte, response Response, goal string) {
	if r.answers == nil || req.Kind == KindEmbed {
		return
	}
	raw, err := json.Marshal(keptAnswer{
		Text: response.Text, Model: response.Model, Provider: response.Provider, Goal: goal, CostMicros: response.CostMicros,
	})
	if err == nil {
		err = r.answers.KeepAnswer(context.WithoutCancel(ctx), key, raw, answersLife)
	}
	if err != nil {
		r.logger.WarnContext(ctx, "an answer is not kept", "error", err)
	}
}
