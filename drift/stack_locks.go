package drift

import (
	"context"
	"sync"
)

// stackLocks let one look at a stack at a time run in this process, so that
// what asked for a second one during the first is often answered by it.
type stackLocks struct {
	mu   sync.Mutex
	held map[string]*stackLock
}

type stackLock struct {
	free  chan struct{} // holds one token while nobody looks
	users int
}

// acquire waits for the stack's turn or for ctx to end.
func (l *stackLocks) acquire(ctx context.Context, stackID string) (release func(), err error) {
	l.mu.Lock()
	lock := l.held[stackID]
	if lock == nil {
		lock = &stackLock{free: make(chan struct{}, 1)}
		lock.free <- struct{}{}
		l.held[stackID] = lock
	}
	lock.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if lock.users--; lock.users == 0 {
			delete(l.held, stackID)
		}
	}
	select {
	case <-lock.free:
		return func() { lock.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
