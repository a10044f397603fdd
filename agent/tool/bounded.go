package tool

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Faults of what was run.
var (
	errLate     = errors.New("it did not answer in time")
	errPanicked = errors.New("it broke")
)

// within runs work that others may have written, and answers after the timeout, or
// when ctx ends, at the latest: work that goes on is left alone. A panic is an
// error. What work may still change, nobody else may.
func within[T any](ctx context.Context, timeout time.Duration, work func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		var out outcome
		defer func() {
			if broken := recover(); broken != nil {
				out.err = fmt.Errorf("%w: %v", errPanicked, broken)
			}
			done <- out
		}()
		out.err = errPanicked // where work ends its goroutine
		out.value, out.err = work(bounded)
	}()
	var none T
	select {
	case out := <-done:
		if out.err != nil && bounded.Err() != nil && ctx.Err() == nil {
			return none, errLate // and what it said of that
		}
		return out.value, out.err
	case <-bounded.Done():
		if ctx.Err() != nil {
			return none, ctx.Err()
		}
		return none, errLate
	}
}
