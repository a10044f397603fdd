package app

import (
	"os"
	"runtime/debug"
)

// The garbage collector of a worker: decisions leave much behind that is dead
// at once, so it runs a third as often as Go's default, until the process has
// taken enough that memory comes first.
const (
	collectorPercent = 300
	collectorMemory  = 256 << 20
)

// tuneCollector sets the collector unless the operator did, by GOGC and
// GOMEMLIMIT.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(collectorMemory)
	}
}
