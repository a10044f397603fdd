package engine

import (
	"context"
	"slices"
	"sync"
)

// slots bounds how many engine runs there are at one time. Within a stack runs
// are served in order and one at a time; stacks that wait take turns.
type slots struct {
	mu    sync.Mutex
	free  int
	busy  map[string]bool
	queue map[string][]chan struct{}
	turns []string // stacks with a queue, the next one first
}

func newSlots(n int) *slots {
	return &slots{free: n, busy: map[string]bool{}, queue: map[string][]chan struct{}{}}
}

// acquire waits for the stack's turn. The caller must call release, once.
func (s *slots) acquire(ctx context.Context, stackID string) (release func(), err error) {
	turn := make(chan struct{})
	s.mu.Lock()
	if len(s.queue[stackID]) == 0 {
		s.turns = append(s.turns, stackID)
	}
	s.queue[stackID] = append(s.queue[stackID], turn)
	s.dispatch()
	s.mu.Unlock()

	select {
	case <-turn:
		return sync.OnceFunc(func() { s.release(stackID) }), nil
	case <-ctx.Done():
		s.forget(stackID, turn)
		return nil, ctx.Err()
	}
}

func (s *slots) release(stackID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free++
	delete(s.busy, stackID)
	s.dispatch()
}

// forget gives up waiting for turn, or releases it when it came meanwhile.
func (s *slots) forget(stackID string, turn chan struct{}) {
	s.mu.Lock()
	i := slices.Index(s.queue[stackID], turn)
	if i >= 0 {
		s.queue[stackID] = slices.Delete(s.queue[stackID], i, i+1)
		s.dropIfEmpty(stackID)
	}
	s.mu.Unlock()
	if i < 0 {
		s.release(stackID)
	}
}

// dispatch wakes waiting runs while there are free slots.
func (s *slots) dispatch() {
	for s.free > 0 {
		i := slices.IndexFunc(s.turns, func(id string) bool { return !s.busy[id] })
		if i < 0 {
			return
		}
		id := s.turns[i]
		turn := s.queue[id][0]
		s.queue[id] = s.queue[id][1:]
		s.turns = append(slices.Delete(s.turns, i, i+1), id)
		s.dropIfEmpty(id)
		s.free--
		s.busy[id] = true
		close(turn)
	}
}

func (s *slots) dropIfEmpty(stackID string) {
	if len(s.queue[stackID]) > 0 {
		return
	}
	delete(s.queue, stackID)
	s.turns = slices.DeleteFunc(s.turns, func(id string) bool { return id == stackID })
}
