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

// How often an answer that can't be kept is tried again, and after how long at first.
const (
	keepTries = 4
	keepPause = 50 * time.Millisecond
)

// keptAnswer is an answer as it is kept, with the goal that paid for it.
type keptAnswer struct {
	Text       string `json:"text"`
	Model      string `json:"model"`
	Provider   string `json:"provider"`
	Goal       string `json:"goal,omitempty"`
	CostMicros int64  `json:"cost_micros,omitempty"`
}

// recall is the answer that was kept for a request, checked as a new one would be.
// Where there is none, or it can't be read, a model is asked, whose price is
// reserved first.
func (r *Router) recall(ctx context.Context, req Request, account Account, key [32]byte, form structure) (Response, bool) {
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
	paid := account.paid(kept.Goal, kept.CostMicros)
	return Response{Text: kept.Text, JSON: value, Model: kept.Model, Provider: kept.Provider, CostMicros: paid, Cached: true}, fault == ""
}

// keep keeps an answer, also when the caller is gone: it is paid. Vectors are not
// kept: they are cheap, and no step of a goal hangs on them.
func (r *Router) keep(ctx context.Context, req Request, account Account, key [32]byte, response Response) {
	if r.answers == nil || req.Kind == KindEmbed {
		return
	}
	raw, err := json.Marshal(keptAnswer{
		Text: response.Text, Model: response.Model, Provider: response.Provider, Goal: account.Goal, CostMicros: response.CostMicros,
	})
	if err == nil {
		err = r.keepAnswer(ctx, key, raw)
	}
	if err != nil {
		r.logger.WarnContext(ctx, "an answer is not kept", "error", err)
	}
}

// keepAnswer tries a few times: a worker that finds nothing kept pays again.
func (r *Router) keepAnswer(ctx context.Context, key [32]byte, raw []byte) (err error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	for try := range keepTries {
		if err = r.answers.KeepAnswer(bounded, key, raw, answersLife); err == nil || try == keepTries-1 {
			break
		}
		select {
		case <-bounded.Done():
			return err
		case <-time.After(keepPause << try):
		}
	}
	return err
}

// paid is what an account's goal paid for an answer that is there: its cost when that
// goal asked before, and nothing when another did.
func (a Account) paid(goal string, micros int64) int64 {
	if a.Goal == "" || a.Goal != goal {
		return 0
	}
	return micros
}
