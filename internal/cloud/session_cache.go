package cloud

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// expiryMargin is how long before their end keys are no longer given out.
const expiryMargin = 5 * time.Minute

// sessionRequest is everything that makes one session different from another.
type sessionRequest struct {
	account, environment, role, name string
	// changeSetID is what the session is for.
	changeSetID string
	// inline is the inline policy, managed the documents of managed policies,
	// one a line.
	inline, managed string
	duration        time.Duration
}

func (r sessionRequest) documents() []string {
	if r.managed == "" {
		return nil
	}
	return strings.Split(r.managed, "\n")
}

// sessionCache keeps sessions until shortly before they expire. Callers of
// one session wait for each other, so that it is made once.
type sessionCache struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[sessionRequest]*sessionEntry
}

type sessionEntry struct {
	mu    chan struct{} // holds one token while nobody asks for the session
	found aegis.Credentials
}

func newSessionCache(now func() time.Time) *sessionCache {
	return &sessionCache{now: now, entries: map[sessionRequest]*sessionEntry{}}
}

func (s *sessionCache) get(
	ctx context.Context, request sessionRequest,
	fresh func(context.Context, sessionRequest) (aegis.Credentials, error),
) (aegis.Credentials, error) {
	entry := s.entry(request)
	select {
	case <-entry.mu:
		defer func() { entry.mu <- struct{}{} }()
	case <-ctx.Done():
		return aegis.Credentials{}, ctx.Err()
	}
	if s.now().Before(entry.found.Expires.Add(-expiryMargin)) {
		return entry.found, nil
	}
	found, err := fresh(ctx, request)
	if err != nil {
		return aegis.Credentials{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	entry.found = found
	return found, nil
}

// entry is the place of a session; those of sessions that ended are dropped.
func (s *sessionCache) entry(request sessionRequest) *sessionEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, entry := range s.entries {
		if !entry.found.Expires.IsZero() && s.now().After(entry.found.Expires) {
			delete(s.entries, other)
		}
	}
	entry, ok := s.entries[request]
	if !ok {
		entry = &sessionEntry{mu: make(chan struct{}, 1)}
		entry.mu <- struct{}{}
		s.entries[request] = entry
	}
	return entry
}
