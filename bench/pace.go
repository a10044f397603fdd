package bench

import (
	"context"
	"errors"
	"sync"
	"time"
)

// paced calls do n times, one every interval whether or not earlier calls have
// returned (an open loop, so that a slow server can't hide its queue), at most
// 64 at once, and returns each call's time from the moment at which it was due.
func paced(ctx context.Context, n int, interval time.Duration, do func(context.Context, int) error) ([]time.Duration, error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		times  = make([]time.Duration, n)
		faults []error
		slots  = make(chan struct{}, 64)
		start  = time.Now()
	)
	for i := range n {
		due := start.Add(time.Duration(i) * interval)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			wg.Wait()
			return nil, ctx.Err()
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			err := do(ctx, i)
			times[i] = time.Since(due)
			if err != nil {
				mu.Lock()
				faults = append(faults, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return times, errors.Join(faults...)
}
