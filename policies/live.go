package policies

import (
	"sync/atomic"
)

// Live is the gate of a process: bundles come and go in it while it judges.
// Each input is judged by one whole bundle. Its zero value, to which no bundle
// came yet, denies everything with CodeMissing. It is safe for concurrent use.
type Live struct {
	running atomic.Pointer[Gate]
	beside  atomic.Pointer[Gate]
}

// Swap lets a gate decide from now on. What is being judged meanwhile is
// judged to its end by the one before.
func (l *Live) Swap(gate *Gate) { l.running.Store(gate) }

// Shadow lets a gate judge beside the one that decides; nil is none.
func (l *Live) Shadow(gate *Gate) { l.beside.Store(gate) }

// Pin returns the gate that decides now and the one that judges beside it; nil
// is none. Both are whole and never change.
func (l *Live) Pin() (running, beside *Gate) { return l.running.Load(), l.beside.Load() }
