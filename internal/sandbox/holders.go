package sandbox

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errAlone says that nobody held the account for too long.
var errAlone = errors.New("nobody held the account for too long")

// holders counts who keeps the account alive, and stops it when it was alone
// for too long.
type holders struct {
	alone time.Duration
	stop  context.CancelCauseFunc

	mu    sync.Mutex
	count map[string]int // by process
	timer *time.Timer
	// seen is closed when somebody asked how the start went.
	seen     chan struct{}
	seenOnce sync.Once
}

func (h *holders) start(ctx context.Context, alone time.Duration, stop context.CancelCauseFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alone, h.stop, h.seen = alone, stop, make(chan struct{})
	h.count = map[string]int{}
	h.timer = time.AfterFunc(alone, func() { stop(errAlone) })
	context.AfterFunc(ctx, func() { h.timer.Stop() })
}

// ready begins the count of time alone.
func (h *holders) ready() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.count) == 0 {
		h.timer.Reset(h.alone)
	}
}

// hold keeps the account until the returned function is called.
func (h *holders) hold(process string) (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count[process]++
	h.timer.Stop()
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.count[process]--; h.count[process] <= 0 {
			delete(h.count, process)
		}
		if len(h.count) == 0 {
			h.timer.Reset(h.alone)
		}
	})
}

// leave stops the account unless another process holds it.
func (h *holders) leave(process string) (stopped bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other := range h.count {
		if other != process {
			return false
		}
	}
	h.stop(errStopped)
	return true
}

// told notes that a failure was read.
func (h *holders) told() { h.seenOnce.Do(func() { close(h.seen) }) }

// linger waits a little for somebody to read why the start failed.
func (h *holders) linger(ctx context.Context) {
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-h.seen:
	case <-timer.C:
	case <-ctx.Done():
	}
}
