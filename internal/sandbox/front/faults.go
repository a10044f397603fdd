package front

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// Fault is trouble to inject into calls. Empty Region, Service or Action match
// all of them.
type Fault struct {
	// ID is given by Set.
	ID      string `json:"id"`
	Region  string `json:"region,omitempty"`
	Service string `json:"service,omitempty"`
	Action  string `json:"action,omitempty"`
	// LatencyMS is added before the call, in milliseconds.
	LatencyMS int `json:"latency_ms,omitempty"`
	// ErrorRate is the share of calls that fail, 0 to 1, with ErrorCode and
	// ErrorStatus (ServiceUnavailable and 503 when empty).
	ErrorRate   float64 `json:"error_rate,omitempty"`
	ErrorCode   string  `json:"error_code,omitempty"`
	ErrorStatus int     `json:"error_status,omitempty"`
	// Throttle refuses every call as throttled.
	Throttle bool `json:"throttle,omitempty"`
	// Unreachable resets the connection.
	Unreachable bool `json:"unreachable,omitempty"`
}

// Validate checks the ranges and that the fault does anything.
func (t Fault) Validate() error {
	switch {
	case t.ErrorRate < 0 || t.ErrorRate > 1:
		return fmt.Errorf("error_rate must be from 0 to 1")
	case t.LatencyMS < 0 || t.LatencyMS > int(10*time.Minute/time.Millisecond):
		return fmt.Errorf("latency_ms must be from 0 to 600000")
	case t.ErrorStatus != 0 && (t.ErrorStatus < 400 || t.ErrorStatus > 599):
		return fmt.Errorf("error_status must be from 400 to 599")
	case t.LatencyMS == 0 && t.ErrorRate == 0 && !t.Throttle && !t.Unreachable:
		return fmt.Errorf("one of latency_ms, error_rate, throttle and unreachable is needed")
	}
	return nil
}

func (t Fault) matches(c wire.Call) bool {
	return (t.Region == "" || t.Region == c.Region) &&
		(t.Service == "" || t.Service == c.Service) &&
		(t.Action == "" || t.Action == c.Action)
}

// FaultTable holds the faults in force.
type FaultTable struct {
	mu     sync.RWMutex
	next   int
	faults []Fault
}

// NewFaultTable returns a table without faults.
func NewFaultTable() *FaultTable { return &FaultTable{} }

// Set adds a fault and gives it its ID. One for the same region, service and
// action is replaced.
func (t *FaultTable) Set(fault Fault) (Fault, error) {
	if err := fault.Validate(); err != nil {
		return Fault{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	fault.ID = fmt.Sprintf("fault-%d", t.next)
	t.faults = slices.DeleteFunc(t.faults, func(old Fault) bool {
		return old.Region == fault.Region && old.Service == fault.Service && old.Action == fault.Action
	})
	t.faults = append(t.faults, fault)
	return fault, nil
}

// List returns the faults in force, oldest first.
func (t *FaultTable) List() []Fault {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return append([]Fault{}, t.faults...)
}

// Clear removes the fault of that ID, or all when it is empty, and returns how
// many were removed.
func (t *FaultTable) Clear(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.faults)
	t.faults = slices.DeleteFunc(t.faults, func(f Fault) bool { return id == "" || f.ID == id })
	return before - len(t.faults)
}

// trouble is what the faults make of one call.
type trouble struct {
	latency     time.Duration
	unreachable bool
	fault       *wire.APIError
}

func (t *FaultTable) meet(c wire.Call) trouble {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out trouble
	for _, f := range t.faults {
		if !f.matches(c) {
			continue
		}
		out.latency += time.Duration(f.LatencyMS) * time.Millisecond
		out.unreachable = out.unreachable || f.Unreachable
		if out.fault == nil {
			out.fault = f.answer(c)
		}
	}
	return out
}

func (t Fault) answer(c wire.Call) *wire.APIError {
	if t.Throttle {
		return c.Refuse(wire.Throttled, "Rate exceeded")
	}
	if t.ErrorRate == 0 || rand.Float64() >= t.ErrorRate { //nolint:gosec // the choice of failing calls is no secret
		return nil
	}
	if t.ErrorCode == "" {
		return c.Refuse(wire.Unavailable, "The service is unavailable (injected fault).")
	}
	return &wire.APIError{
		Code: t.ErrorCode, Message: "injected fault", Status: cmp.Or(t.ErrorStatus, http.StatusServiceUnavailable),
	}
}
