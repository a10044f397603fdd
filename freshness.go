package aegis

import "time"

// Freshness says how old what is known of the world is.
type Freshness struct {
	Stacks []StackFreshness
	// OldestEvent is the age of the oldest event that a stack is yet to be looked
	// at for; 0 is none.
	OldestEvent time.Duration
}

// StackFreshness is when a stack was last seen.
type StackFreshness struct {
	StackID     string
	Environment string
	Region      string
	// ReconciledAt is when it became known, before it was ever seen.
	ReconciledAt time.Time
}
