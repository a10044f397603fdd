package model

import (
	"context"
	"time"
)

// first calls a candidate and, when it is slower than nineteen of twenty of its
// calls, the next one beside it. The first answer counts; the other call is
// cancelled, and settled before this returns.
func (q *quest) first(ctx context.Context, c *candidate, round int) reply {
	second := q.beside(c)
	guard, known := c.seen.guard()
	if second == nil || !known {
		got := q.call(ctx, c, q.request, Call{})
		q.count(got)
		return got
	}
	return q.race(ctx, c, second, guard, round)
}

// beside is who else could answer; nil is nobody.
func (q *quest) beside(c *candidate) *candidate {
	now := q.router.now()
	for _, other := range q.candidates {
		if other != c && other.ready(now) {
			return other
		}
	}
	return nil
}

func (q *quest) race(ctx context.Context, c, second *candidate, guard time.Duration, round int) reply {
	racing, stop := context.WithCancel(ctx)
	defer stop()
	replies := make(chan reply, 2)
	start := func(c *candidate, call Call) {
		go func() { replies <- q.call(racing, c, q.request, call) }()
	}
	start(c, Call{})
	running := 1
	slow := time.NewTimer(guard)
	defer slow.Stop()
	var failed *reply
	for {
		select {
		case <-slow.C:
			start(second, Call{Hedge: true})
			running++
		case got := <-replies:
			running--
			q.count(got)
			if got.err == nil {
				stop()
				for range running {
					q.count(<-replies)
				}
				return got
			}
			if running > 0 { // the other may still answer
				failed = &got
				continue
			}
			if failed != nil {
				q.failed(ctx, *failed, round)
			}
			return got
		}
	}
}
