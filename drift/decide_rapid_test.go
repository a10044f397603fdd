package drift_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

// TestNothingLeftIsCorrected lets resources drift, policy decide and rules come
// and go, and holds proposals and reports to what was to be left.
func TestNothingLeftIsCorrected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		e := newEstate()
		e.stacks[0].Kind = rapid.SampledFrom([]aegis.TargetKind{aegis.TargetPulumiStack, aegis.TargetTerraformWorkspace}).Draw(r, "kind")
		reconciler := e.reconciler()
		decisions := map[string]aegis.DriftDecision{}
		e.decision = func(seen aegis.DriftedAttribute) aegis.DriftDecision {
			return decisions[seen.Change.Address+"."+seen.Attribute]
		}
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			e.now = e.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(r, "minutes")) * time.Minute)
			e.drifted, e.rules = nil, nil
			for i := range 3 {
				address := fmt.Sprintf("a%d", i)
				after := map[string]any{"x": float64(rapid.IntRange(0, 1).Draw(r, "x")), "y": float64(rapid.IntRange(0, 1).Draw(r, "y"))}
				before := map[string]any{"x": 0.0, "y": 0.0}
				for _, attribute := range []string{"x", "y"} {
					decisions[address+"."+attribute] = rapid.SampledFrom([]aegis.DriftDecision{
						aegis.CorrectDrift, aegis.CorrectDrift, aegis.ReportDrift, aegis.AdoptDrift,
					}).Draw(r, "decision")
				}
				if !aegis.SameValue(before, after) {
					e.drifted = append(e.drifted, aegis.ResourceChange{
						StackID: id, Address: address, Type: "aws_vpc", Action: aegis.ActionUpdate, Before: before, After: after,
					})
				}
				if rapid.IntRange(0, 3).Draw(r, "ruled") == 0 {
					e.rules = append(e.rules, aegis.DriftRule{RuleID: "rule-" + address, StackID: id, Address: address, Attribute: "x"})
				}
			}
			proposed := len(e.sets)
			require.NoError(r, reconciler.Reconcile(t.Context(), id))
			require.LessOrEqual(r, len(e.sets), proposed+1)
			for _, cs := range e.sets[proposed:] {
				requireNothingLeft(r, e, decisions, cs)
			}
			requireTold(r, e)
			for i := range e.sets {
				e.sets[i].PromotionState = rapid.SampledFrom([]aegis.PromotionState{aegis.StatePromoted, aegis.StateDenied, aegis.StateFailed}).Draw(r, "end")
			}
		}
	})
}

// requireNothingLeft checks that a correction is of resources in which all is to
// be corrected.
func requireNothingLeft(t require.TestingT, e *estate, decisions map[string]aegis.DriftDecision, cs aegis.AutonomousChangeSet) {
	if len(cs.Patches) > 0 {
		return
	}
	pulumi := e.stacks[0].Kind == aegis.TargetPulumiStack
	for _, c := range e.seen[id].Drift {
		if len(cs.Target.Addresses) > 0 && !slices.Contains(cs.Target.Addresses, c.Address) {
			continue
		}
		for _, d := range c.Differences() {
			require.Equal(t, aegis.CorrectDrift, decisions[c.Address+"."+d.Attribute], "%s %s", c.Address, d.Attribute)
		}
	}
	for _, x := range e.seen[id].Expected {
		touched := len(cs.Target.Addresses) == 0 || slices.Contains(cs.Target.Addresses, x.Address)
		require.True(t, pulumi || !touched, "Terraform would undo %s %s, which a rule expects", x.Address, x.Attribute)
	}
}

// requireTold checks that each attribute that drifts is in one report, and that no
// report is open of which nothing is to be corrected.
func requireTold(t require.TestingT, e *estate) {
	told := map[string]int{}
	for _, report := range e.reports {
		if report.State != aegis.DriftOpen && report.State != aegis.DriftReported {
			continue
		}
		correct := slices.ContainsFunc(report.Changes, func(c aegis.DriftChange) bool { return c.Decision == aegis.CorrectDrift })
		require.Equal(t, correct, report.State == aegis.DriftOpen)
		require.Equal(t, report.State == aegis.DriftOpen, report.ResolvedAt == nil)
		for _, c := range report.Changes {
			told[c.Address+"."+c.Attribute]++
			if c.RuleID != "" {
				require.Equal(t, aegis.ReportDrift, c.Decision)
			}
		}
	}
	for _, c := range e.seen[id].Drift {
		for _, d := range c.Differences() {
			require.Equal(t, 1, told[c.Address+"."+d.Attribute], "%s %s", c.Address, d.Attribute)
		}
	}
}
