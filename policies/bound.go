package policies

import (
	"context"
	"fmt"
	"runtime/metrics"
	"time"
)

// DefaultMemory bounds what one decision may allocate and hold, in bytes,
// unless Options say otherwise: a hundred times what a decision about a
// thousand resources takes.
const DefaultMemory = 512 << 20

// lookAtMemory is the pause between two looks at the heap. Most decisions end
// before the first.
const lookAtMemory = 5 * time.Millisecond

// memoryError says that an evaluation held too much.
type memoryError struct{ limit uint64 }

func (e *memoryError) Error() string {
	return fmt.Sprintf("the evaluation took more than %d MiB of memory", e.limit>>20)
}

// bound ends ctx after the gate's timeout, or when the heap of the process grew
// by more than the gate's memory since now; then the cause is a memoryError.
// OPA looks at ctx within loops, comprehensions and built-in functions that
// build large values. The returned function must be called.
func (g *Gate) bound(ctx context.Context) (context.Context, func()) { return g.boundTo(ctx, g.timeout) }

// boundTo is bound with another time.
func (g *Gate) boundTo(ctx context.Context, timeout time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	ctx, stop := context.WithTimeout(ctx, timeout)
	limit := heap() + g.memory
	var watch *time.Timer // it begins only once it is known to itself
	watch = time.AfterFunc(time.Hour, func() {
		switch {
		case ctx.Err() != nil:
		case heap() > limit:
			cancel(&memoryError{g.memory})
		default:
			watch.Reset(lookAtMemory)
		}
	})
	watch.Reset(lookAtMemory)
	return ctx, func() { watch.Stop(); stop(); cancel(nil) }
}

// heap is what live and not yet collected objects take, in bytes.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
