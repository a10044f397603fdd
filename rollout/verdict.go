package rollout

import (
	"time"

	"github.com/aegisworld/aegis"
)

// VerdictKind is what a stage decides.
type VerdictKind string

// The verdicts.
const (
	// Go moves on to the next phase.
	Go VerdictKind = "go"
	// Wait comes back to the same phase after Delay.
	Wait VerdictKind = "wait"
	// Deny ends it: policy, budget, a breaker or the risk forbids it.
	Deny VerdictKind = "deny"
	// Rollback undoes what was applied.
	Rollback VerdictKind = "rollback"
	// Fail ends it.
	Fail VerdictKind = "fail"
	// Replan plans anew, because the world or the spec moved.
	Replan VerdictKind = "replan"
	// Promote ends it well.
	Promote VerdictKind = "promote"
	// Cancel ends it because someone asked, with nothing applied.
	Cancel VerdictKind = "cancel"
)

// Verdict is a stage's decision; an error beside it means that machinery broke
// and nothing was decided.
type Verdict struct {
	Kind VerdictKind
	// Reason says why, for people; it becomes the change set's Error when the
	// verdict is not a good one.
	Reason string
	// Delay is the length of a Wait.
	Delay time.Duration
	// Next is where Go goes when the phase has a choice: the gate's canary or
	// apply.
	Next aegis.Phase
}

func proceed() Verdict               { return Verdict{Kind: Go} }
func deny(reason string) Verdict     { return Verdict{Kind: Deny, Reason: reason} }
func rollback(reason string) Verdict { return Verdict{Kind: Rollback, Reason: reason} }
func fail(reason string) Verdict     { return Verdict{Kind: Fail, Reason: reason} }
func replan(reason string) Verdict   { return Verdict{Kind: Replan, Reason: reason} }

func wait(delay time.Duration, reason string) Verdict {
	return Verdict{Kind: Wait, Delay: delay, Reason: reason}
}
