package sandbox

import (
	"context"
	"errors"
	"time"
)

// errEnded says that what was waited for can't come any more.
var errEnded = errors.New("ended while it was waited for")

// poll asks until the answer is yes, an error, ctx ends, or ended is closed.
// Errors pass through wrap.
func poll(ctx context.Context, every time.Duration, ended <-chan struct{}, ask func() (bool, error), wrap func(error) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		yes, err := ask()
		if err != nil {
			return wrap(err)
		}
		if yes {
			return nil
		}
		select {
		case <-ctx.Done():
			return wrap(ctx.Err())
		case <-ended:
			return wrap(errEnded)
		case <-ticker.C:
		}
	}
}
