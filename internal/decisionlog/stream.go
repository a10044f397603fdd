package decisionlog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// batchBytes is the most that is uploaded at once, before compression.
	batchBytes = 4 << 20
	// idle is the pause when nothing waits, or somebody else sends.
	idle = 2 * time.Second
	// The pause after an error doubles from the first to the last.
	firstPause = time.Second
	lastPause  = time.Minute
)

// store is the log. It remembers what each sink took.
type store interface {
	// DeliverDecisions passes on what a sink has yet to take, unless somebody
	// else does; sent is how much it took.
	DeliverDecisions(ctx context.Context, sink string, maxBytes int, send func(context.Context, []aegis.Decision) error) (sent int, err error)
	DecisionLag(ctx context.Context, sink string) (time.Duration, error)
}

// metrics are told what happens.
type metrics interface {
	SetDecisionLag(lag time.Duration)
	CountDecisionUpload(err error)
}

// Streamer sends what is decided to a sink, at least once, in order. What the
// sink does not take waits in the log.
type Streamer struct {
	Store   store
	Sink    *Sink
	Metrics metrics
	Logger  *slog.Logger

	// Pause waits, or until ctx ends; nil waits by the clock.
	Pause func(ctx context.Context, d time.Duration)
}

// Run streams until ctx ends.
func (s *Streamer) Run(ctx context.Context) error {
	pause := s.Pause
	if pause == nil {
		pause = byTheClock
	}
	var failing time.Duration // the pause after the last error
	for ctx.Err() == nil {
		sent, err := s.Store.DeliverDecisions(ctx, s.Sink.Name(), batchBytes, s.upload)
		wait := idle
		switch {
		case err != nil:
			failing = next(failing, err)
			wait = failing
			s.Logger.WarnContext(ctx, "decisions are not streamed", "error", err, "retry_in", wait)
		case sent > 0:
			failing, wait = 0, 0
		default:
			failing = 0
		}
		s.noteLag(ctx)
		if wait > 0 {
			pause(ctx, wait)
		}
	}
	return nil
}

// noteLag leaves the metric as it is when the log can't be read.
func (s *Streamer) noteLag(ctx context.Context) {
	if lag, err := s.Store.DecisionLag(ctx, s.Sink.Name()); err == nil {
		s.Metrics.SetDecisionLag(lag)
	}
}

func (s *Streamer) upload(ctx context.Context, decisions []aegis.Decision) error {
	err := s.Sink.Send(ctx, decisions)
	s.Metrics.CountDecisionUpload(err)
	return err
}

// next is the pause after one more error: what the sink asked for, or twice
// the one before.
func next(last time.Duration, err error) time.Duration {
	wait := min(max(2*last, firstPause), lastPause)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.later > 0 {
		wait = min(refused.later, lastPause)
	}
	return wait
}

func byTheClock(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
