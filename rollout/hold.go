package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// commitTimeout bounds one write to the store; a write is not abandoned
// because its worker is told to stop.
const commitTimeout = 10 * time.Second

// hold is one worker's right to act for one change set.
type hold struct {
	store  store
	timing Timing
	now    func() time.Time
	id     string
	holder string
	tokens map[string]int64

	mu       sync.Mutex
	version  int64
	lastBeat time.Time
	over     bool
}

func newHold(s store, t Timing, now func() time.Time, c Claimed, holder string) *hold {
	return &hold{
		store: s, timing: t, now: now, id: c.ChangeSet.ChangeSetID, holder: holder, tokens: c.Tokens,
		version: c.ChangeSet.Version, lastBeat: now(),
	}
}

// keep beats until stop is called. The context that it returns ends with a
// cause of ErrLeaseLost when the hold is lost or can't be proven any more, and
// ErrStale when someone else moved the change set on.
func (h *hold) keep(ctx context.Context) (held context.Context, stop func()) {
	held, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(h.timing.Heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-ticker.C:
				if err := h.beat(held); err != nil {
					cancel(err)
					return
				}
			}
		}
	}()
	return held, func() { cancel(nil); <-done }
}

// beat proves the hold, or says why it can't be proven. A store that does not
// answer is borne until the hold may have run out.
func (h *hold) beat(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.timing.Heartbeat)
	defer cancel()
	version, err := h.store.Heartbeat(ctx, h.id, h.holder, h.timing.LeaseTTL)
	switch {
	case errors.Is(err, aegis.ErrLeaseLost):
		return fmt.Errorf("heartbeat: %w", err)
	case err != nil:
		if h.now().Sub(h.lastBeat) >= h.timing.LeaseTTL-h.timing.Heartbeat {
			return fmt.Errorf("heartbeat: %w: %w", aegis.ErrLeaseLost, err)
		}
		return nil
	case version != h.version:
		return fmt.Errorf("heartbeat: moved on to version %d: %w", version, aegis.ErrStale)
	}
	h.lastBeat = h.now()
	return nil
}

// commit writes a step at the version that the hold is at. The hold ends with
// it unless the step keeps it.
func (h *hold) commit(ctx context.Context, step Step) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	step.Holder = h.holder
	step.ChangeSet.Version = h.version
	if err := h.store.CommitStep(ctx, step); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	h.version++
	h.over = !step.Keep
	return nil
}

// giveBack ends the hold without a commit, so that another worker need not
// wait for it to run out. A failure is left to the reaper.
func (h *hold) giveBack(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	h.over = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	_ = h.store.Release(ctx, h.id, h.holder) // the reaper takes what is not given back
}

// resume gives the hold back and asks for another worker at once; it is for a
// worker that is told to stop.
func (h *hold) resume(ctx context.Context) error {
	h.giveBack(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if err := h.store.Defer(ctx, h.id, h.version, 0); err != nil {
		return fmt.Errorf("hand over change set %s: %w", h.id, err)
	}
	return nil
}
