package aegis

import "time"

// DriftGroup sums up drift reports of one cause over the fleet.
type DriftGroup struct {
	// Group is the cause's fingerprint; Cause is that of its newest report.
	Group string     `json:"group"`
	Cause DriftCause `json:"cause"`
	// Reports and Open count its reports and those that are open.
	Reports int `json:"reports"`
	Open    int `json:"open"`
	// StackIDs are the stacks concerned, sorted, at most 1000.
	StackIDs        []string  `json:"stack_ids"`
	FirstDetectedAt time.Time `json:"first_detected_at"`
	LastDetectedAt  time.Time `json:"last_detected_at"`
}
