package webhooks

import (
	"context"
	"log/slog"
	"time"

	"github.com/aegisworld/aegis"
)

// lookAnyway is the pause after which a dispatcher looks without being told,
// and retryPause that after an error.
const (
	lookAnyway = 15 * time.Second
	retryPause = time.Second
)

type eventStore interface {
	// PlanDeliveries passes the next events and the enabled webhooks to plan and
	// writes what it says, together with how far it came. more says that there
	// may be more events.
	PlanDeliveries(ctx context.Context, plan func([]aegis.Event, []Subscriber) []Entry) (more bool, err error)
	Watch(ctx context.Context) (<-chan int64, error)
}

// Dispatcher turns events into deliveries. Any number of processes may run one:
// they take turns.
type Dispatcher struct {
	Store  eventStore
	Logger *slog.Logger
}

// Run dispatches until ctx ends. It survives a database that goes away.
func (d *Dispatcher) Run(ctx context.Context) error {
	changed, err := d.Store.Watch(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was to end
		}
		return err
	}
	for {
		pause := lookAnyway
		if err := d.catchUp(ctx); err != nil && ctx.Err() == nil {
			d.Logger.WarnContext(ctx, "events not dispatched to webhooks", "error", err)
			pause = retryPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (d *Dispatcher) catchUp(ctx context.Context) error {
	for {
		more, err := d.Store.PlanDeliveries(ctx, Plan)
		if err != nil || !more {
			return err
		}
	}
}
