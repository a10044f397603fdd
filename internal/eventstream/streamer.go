// Package eventstream passes what happens on to where it is wanted beside the
// control database: a stream, an index, an archive. Each sink gets every event at
// least once, in the order in which they were committed; what a sink does not
// take waits in the database.
package eventstream

import (
	"context"
	"log/slog"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// batch is how many events a sink gets at once.
	batch = 500
	// lookAnyway is the pause after which a streamer looks without being told.
	lookAnyway = 15 * time.Second
	// The pause after an error doubles from the first to the last.
	firstPause = time.Second
	lastPause  = time.Minute
)

// store has the events and remembers what each sink took.
type store interface {
	// DeliverEvents passes the next events of a sink to send and notes that it took
	// them, unless it returns an error; sent is 0 when there are none, or while
	// another process sends to the sink.
	DeliverEvents(ctx context.Context, sink string, limit int, send func(context.Context, []aegis.Event) error) (sent int, err error)
	// Watch tells when there are new events.
	Watch(ctx context.Context) (<-chan int64, error)
}

// sink takes events. Its name is that of its place in the stream.
type sink interface {
	Name() string
	Send(ctx context.Context, events []aegis.Event) error
}

// metrics are told what happens.
type metrics interface {
	CountEventsSent(sink string, events int, err error)
}

// Streamer sends events to a sink. Any number of processes may run one for the
// same sink: they take turns.
type Streamer struct {
	Store   store
	Sink    sink
	Metrics metrics
	Logger  *slog.Logger
}

// Run streams until ctx ends. It survives a database and a sink that go away.
func (s *Streamer) Run(ctx context.Context) error {
	changed, err := s.Store.Watch(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was to end
		}
		return err
	}
	failing := time.Duration(0) // the pause after the last error
	for {
		pause := lookAnyway
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			failing = min(max(2*failing, firstPause), lastPause)
			pause = failing
			s.Logger.WarnContext(ctx, "events are not passed on", "sink", s.Sink.Name(), "error", err, "retry_in", pause)
		} else {
			failing = 0
		}
		if !wait(ctx, changed, pause, failing > 0) {
			return nil
		}
	}
}

// wait returns false at the end of ctx. After an error news do not end the pause.
func wait(ctx context.Context, changed <-chan int64, pause time.Duration, failed bool) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	if failed {
		changed = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-changed:
		return ctx.Err() == nil
	case <-timer.C:
		return true
	}
}

// catchUp sends until nothing waits.
func (s *Streamer) catchUp(ctx context.Context) error {
	for {
		sent, err := s.Store.DeliverEvents(ctx, s.Sink.Name(), batch, s.send)
		if err != nil || sent == 0 {
			return err
		}
	}
}

func (s *Streamer) send(ctx context.Context, events []aegis.Event) error {
	err := s.Sink.Send(ctx, events)
	s.Metrics.CountEventsSent(s.Sink.Name(), len(events), err)
	return err
}
