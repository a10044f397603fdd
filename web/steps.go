package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// steps says how far a change set is on its way.
func steps(cs aegis.AutonomousChangeSet) []step {
	names := []aegis.Phase{aegis.PhasePlan, aegis.PhaseGate, aegis.PhaseCanary, aegis.PhaseApply, aegis.PhaseVerify}
	reached := reachedPhase(cs)
	out := make([]step, 0, len(names)+1)
	for i, name := range names {
		out = append(out, step{Name: string(name), Class: stepClass(cs, i, reached)})
	}
	if cs.PromotionState == aegis.StateRollingBack {
		return append(out, step{"rollback", "now"})
	}
	if cs.PromotionState == aegis.StateRolledBack {
		return append(out, step{"rollback", "done"})
	}
	return out
}

// reachedPhase is the index of the phase where a change set is or ended; one
// that came through all is past the last.
func reachedPhase(cs aegis.AutonomousChangeSet) int {
	switch cs.Phase {
	case aegis.PhasePlan:
		return 0
	case aegis.PhaseGate:
		return 1
	case aegis.PhaseCanary:
		return 2
	case aegis.PhaseApply:
		return 3
	case aegis.PhaseVerify:
		return 4
	case aegis.PhaseRollback, aegis.PhaseDone:
	}
	switch {
	case cs.PromotionState == aegis.StatePromoted:
		return 5
	case cs.PromotionState == aegis.StateDenied:
		return 1
	case cs.CanaryResult != nil && cs.CanaryResult.Outcome == "failed":
		return 2
	case applied(cs):
		return 4
	case cs.DecisionID != "":
		return 3
	default:
		return 0
	}
}

func applied(cs aegis.AutonomousChangeSet) bool {
	for _, p := range cs.Progress {
		if p.Status == "planned" || p.Status == "applying" {
			return false
		}
	}
	return len(cs.Progress) > 0
}

func stepClass(cs aegis.AutonomousChangeSet, i, reached int) string {
	switch {
	case i > reached:
		return ""
	case i < reached && i == 2 && cs.CanaryResult == nil:
		return "skipped"
	case i < reached:
		return "done"
	case cs.Phase == aegis.PhaseDone, cs.Phase == aegis.PhaseRollback:
		return "failed"
	default:
		return "now"
	}
}

// functions are for the templates.
func functions() template.FuncMap {
	return template.FuncMap{
		"tone":  tone,
		"words": func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"rfc":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("2 Jan 15:04:05 UTC") },
		"money": func(usd float64) string { return strings.TrimPrefix(fmt.Sprintf("%+.2f", usd), "+0.00") },
	}
}

// tone is the colour of a state.
func tone(state any) string {
	switch fmt.Sprint(state) {
	case "clean", "succeeded", "promoted", "passed", "create":
		return "good"
	case "drifted", "rolled_back", "cancelled", "rolling_back", "update", "replace":
		return "warn"
	case "unknown", "failed", "denied", "delete":
		return "bad"
	case "converging", "planning", "running", "canary", "applying":
		return "info"
	default:
		return "calm"
	}
}
