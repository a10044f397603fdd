package ship

import (
	"context"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
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

	// What was loaded last; only Load, by one goroutine, uses it.
	seen             int64
	decides, besides string
}

// Load brings the gate in step once. A bundle that can't be loaded is an
// error: what decided until now still does, and nothing decides that never
// did, so that every change is denied until an operator of this host overrides
// it.
func (l *Loader) Load(ctx context.Context) error {
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
	gate, err := l.gate(ctx, running.Digest)
	if err != nil {
		l.Failed("load")
		return fmt.Errorf("load policy bundle %s: %w", running.Digest, err)
	}
	l.Live.Swap(gate)
	l.decides = running.Digest
	l.Logger.InfoContext(ctx, "policy bundle runs", "digest", running.Digest, "revision", gate.Revision(),
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
		gate, err := l.gate(ctx, running.Shadow)
		if err != nil {
			l.Failed("load")
			return fmt.Errorf("load policy bundle %s beside it: %w", running.Shadow, err)
		}
		l.Live.Shadow(gate)
	}
	l.besides = running.Shadow
	return nil
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
