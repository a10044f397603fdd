package bundles

import (
	"context"
	"log/slog"
	"time"
)

// taker takes what a source has.
type taker interface {
	// OfferBundle proposes an archive unless it is known; what it refuses it
	// has recorded.
	OfferBundle(ctx context.Context, source string, archive []byte) error
	// LoseBundle records that a source could not be read.
	LoseBundle(ctx context.Context, source string, cause error) error
}

// Follower looks at a source again and again.
type Follower struct {
	Source Source
	Taker  taker
	Logger *slog.Logger
}

// Run follows the source until ctx ends. A source that fails is recorded once
// for each failure that differs from the one before, and looked at less often
// the longer it fails; what runs stays.
func (f *Follower) Run(ctx context.Context) error {
	interval := f.Source.Interval
	if interval <= 0 {
		interval = defaultInterval
	}
	version, lost, pause := "", "", interval
	for ctx.Err() == nil {
		archive, next, err := f.Source.Fetch(ctx, version)
		if err == nil && archive != nil {
			if err = f.Taker.OfferBundle(ctx, f.Source.Name, archive); err != nil && ctx.Err() == nil {
				f.Logger.WarnContext(ctx, "policy bundle not taken", "source", f.Source.Name, "error", err)
				next = version // it is offered again
			}
			err = nil
		}
		switch {
		case ctx.Err() != nil: // what was interrupted says nothing of the source
		case err != nil:
			pause = min(2*pause, max(longestPause, interval))
			lost = f.lose(ctx, err, lost)
		default:
			version, lost, pause = next, "", interval
		}
		rest(ctx, pause)
	}
	return nil
}

// lose records a failure unless it is the one before.
func (f *Follower) lose(ctx context.Context, err error, before string) string {
	if err.Error() == before {
		return before
	}
	f.Logger.WarnContext(ctx, "policy source can't be read; what runs stays", "source", f.Source.Name, "error", err)
	if recordErr := f.Taker.LoseBundle(ctx, f.Source.Name, err); recordErr != nil {
		f.Logger.WarnContext(ctx, "lost policy source not recorded", "source", f.Source.Name, "error", recordErr)
		return before
	}
	return err.Error()
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
