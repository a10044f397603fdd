package ship

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// live is the gate of this process.
type live interface {
	// Swap lets a gate decide from now on.
	Swap(gate *policies.Gate)
	// Shadow lets a gate judge beside it; nil is none.
	Shadow(gate *policies.Gate)
}

// look bounds how old the knowledge of what runs may be, when no event came;
// settle is the pause after one, so that many at once are one look.
const (
	look   = 5 * time.Second
	settle = 20 * time.Millisecond
)

// Loader keeps the gate of this process in step with the bundle that runs.
type Loader struct {
	*Shipper

	Live live
	// Watch tells when anything happened; see postgres.Watch.
	Watch func(ctx context.Context) (<-chan int64, error)
	// Loaded is told the revision that decides from now on. It may be nil.
	Loaded func(revision string)

	loading          sync.Mutex
	seen             int64
	decides, besides string
	current          atomic.Pointer[loaded]
}

// loaded is a gate with what it was loaded from.
type loaded struct {
	gate  *policies.Gate
	files archive.Files
}

// Current is the gate that decides and the files that it was loaded from; nil
// when none could be loaded yet.
func (l *Loader) Current() (*policies.Gate, archive.Files) {
	if c := l.current.Load(); c != nil {
		return c.gate, c.files
	}
	return nil, nil
}

// Load brings the gate in step once. A bundle that can't be loaded is an
// error: what decided until now still does, and nothing decides that never
// did, so that every change is denied until an operator of this host overrides
// it.
func (l *Loader) Load(ctx context.Context) error {
	l.loading.Lock()
	defer l.loading.Unlock()
	running, err := l.Store.RunningPolicy(ctx)
	if err != nil {
		return err // which says what was attempted
	}
	if running.Generation == l.seen {
		return nil
	}
	if err := l.decide(ctx, running); err != nil {
		return err
	}
	if err := l.beside(ctx, running); err != nil {
		return err
	}
	l.seen = running.Generation
	return nil
}

func (l *Loader) decide(ctx context.Context, running aegis.RunningPolicy) error {
	if running.Digest == l.decides {
		return nil
	}
	next, err := l.open(ctx, running.Digest)
	if err != nil {
		return err
	}
	l.Live.Swap(next.gate)
	l.current.Store(&next)
	l.decides = running.Digest
	if l.Loaded != nil {
		l.Loaded(next.gate.Revision())
	}
	l.Logger.InfoContext(ctx, "policy bundle runs", "digest", running.Digest, "revision", next.gate.Revision(),
		"change_set_id", running.ChangeSetID)
	return nil
}

func (l *Loader) beside(ctx context.Context, running aegis.RunningPolicy) error {
	switch running.Shadow {
	case l.besides:
		return nil
	case "":
		l.Live.Shadow(nil)
	default:
		next, err := l.open(ctx, running.Shadow)
		if err != nil {
			return err
		}
		l.Live.Shadow(next.gate)
	}
	l.besides = running.Shadow
	return nil
}

// open loads a bundle by its digest.
func (l *Loader) open(ctx context.Context, digest string) (loaded, error) {
	files, err := l.files(ctx, digest)
	if err != nil {
		return loaded{}, err // which says what was attempted
	}
	gate, err := l.load(ctx, files)
	if err != nil {
		l.Failed("load")
		return loaded{}, fmt.Errorf("load policy bundle %s: %w", digest, err)
	}
	return loaded{gate, files}, nil
}

// Run follows what runs until ctx ends.
func (l *Loader) Run(ctx context.Context) error {
	news, err := l.Watch(ctx)
	if err != nil {
		return err // which says what was attempted
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := l.Load(ctx); err != nil && ctx.Err() == nil {
			l.Logger.ErrorContext(ctx, "policy bundle not loaded; what decided still does", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-news:
			pause(ctx, settle)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
