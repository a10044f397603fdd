package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// roomyHeap is the size, in bytes, that the heap may always take before it is
// collected. Decisions leave much behind that is dead at once: half a megabyte
// for ten resources, of a heap that holds some twenty. By Go's default the
// collector ran for every tenth of them, and made three times as slow those that
// it met.
const roomyHeap = 160 << 20

// leastPercent is Go's default for heaps that are larger.
const leastPercent = 100

// tuneCollector sets the collector by what lives after each collection, unless
// the operator set it by GOGC.
func tuneCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	last := 0
	afterCollections(func() {
		percent := collectorPercent(liveHeap())
		if change := percent - last; change*change*100 > last*last { // a tenth: each setting stops the world
			last = percent
			debug.SetGCPercent(percent)
		}
	})
	runtime.GC()
}

// collectorPercent lets the heap grow to roomyHeap, or by leastPercent.
func collectorPercent(live uint64) int {
	room := float64(roomyHeap)/float64(max(live, 1<<20)) - 1
	return max(leastPercent, int(100*room))
}

func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterCollections calls f soon after each collection: an object that nobody
// has is finalized, and its finalizer makes the next.
func afterCollections(f func()) {
	type witness struct {
		_ *witness // lest it be allocated together with others
		_ [3]uintptr
	}
	var finalize func(*witness)
	finalize = func(*witness) {
		f()
		runtime.SetFinalizer(new(witness), finalize)
	}
	runtime.SetFinalizer(new(witness), finalize)
}
