package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bounds of what strain remembers, and of how often an address may fail.
const (
	strainEntries = 4096
	strainBurst   = 20
	strainEvery   = time.Second
)

// strain slows down those who try wrong tokens: an address may fail 20 times at
// once and then once a second, before the store is asked again. Tokens that
// were right before are always looked up, so that a neighbour behind the same
// address is not locked out.
type strain struct {
	now func() time.Time

	mu     sync.Mutex
	limits map[string]*rate.Limiter
	known  map[[32]byte]struct{}
}

func newStrain(now func() time.Time) *strain {
	return &strain{now: now, limits: map[string]*rate.Limiter{}, known: map[[32]byte]struct{}{}}
}

func (s *strain) admit(from string, sum [32]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.known[sum]; ok {
		return true
	}
	l, ok := s.limits[from]
	return !ok || l.TokensAt(s.now()) >= 1
}

func (s *strain) succeeded(sum [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= strainEntries {
		clear(s.known)
	}
	s.known[sum] = struct{}{}
}

func (s *strain) failed(from string, sum [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, sum)
	l, ok := s.limits[from]
	if !ok {
		if len(s.limits) >= strainEntries {
			clear(s.limits)
		}
		l = rate.NewLimiter(rate.Every(strainEvery), strainBurst)
		s.limits[from] = l
	}
	l.AllowN(s.now(), 1)
}
