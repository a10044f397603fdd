package drift_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

// TestReportsSayWhatDrifts lets resources drift and recover, events come or not,
// and looks be partial or not, and holds the open reports to what was seen.
func TestReportsSayWhatDrifts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		e := newEstate()
		for i := range 4 {
			e.resources = append(e.resources, aegis.IndexedResource{
				StackID: id, Address: fmt.Sprintf("a%d", i), Type: "aws_vpc", Region: "eu-west-1", ID: fmt.Sprintf("vpc-%d", i),
			})
		}
		reconciler := e.reconciler()
		require.NoError(r, reconciler.Reconcile(t.Context(), id))
		for step := range rapid.IntRange(1, 12).Draw(r, "steps") {
			e.now = e.now.Add(time.Duration(rapid.IntRange(1, 300).Draw(r, "seconds")) * time.Second)
			e.drifted = nil
			for i := range 4 {
				if value := rapid.IntRange(0, 2).Draw(r, "value"); value > 0 {
					e.drifted = append(e.drifted, aegis.ResourceChange{
						StackID: id, Address: fmt.Sprintf("a%d", i), Type: "aws_vpc", Action: aegis.ActionUpdate,
						Before: map[string]any{"x": 0.0, "y": 0.0}, After: map[string]any{"x": float64(value), "y": float64(value % 2)},
					})
				}
				if rapid.Bool().Draw(r, "event") {
					e.happens(aegis.CloudEvent{
						EventID: fmt.Sprintf("event-%d-%d", step, i), Name: "ModifyVpcAttribute", At: e.now,
						Refs: []aegis.ResourceRef{{Type: "aws_vpc", Key: fmt.Sprintf("vpc-%d", i)}},
					}, fmt.Sprintf("a%d", i))
				}
			}
			look := reconciler.Reconcile
			if rapid.Bool().Draw(r, "partial") {
				look = reconciler.Observe
			}
			require.NoError(r, look(t.Context(), id))
			requireAgreement(r, e)
			told := len(e.told)
			require.NoError(r, look(t.Context(), id))
			require.Len(r, e.told, told, "a second look tells nothing new")
			e.pending = nil
		}
	})
}

// requireAgreement checks that each drifted attribute of the last observation
// is in exactly one open report, and nothing else is.
func requireAgreement(t require.TestingT, e *estate) {
	want := map[string]any{}
	for _, d := range e.seen[id].Drift {
		for name, value := range d.After {
			if value != d.Before[name] {
				want[d.Address+"."+name] = value
			}
		}
	}
	got := map[string]any{}
	for _, report := range e.reports {
		require.Equal(t, report.State == aegis.DriftOpen, report.ResolvedAt == nil)
		require.NotEmpty(t, report.Changes)
		require.NotEmpty(t, report.Cause.Group)
		if report.State != aegis.DriftOpen {
			continue
		}
		for _, c := range report.Changes {
			require.NotContains(t, got, c.Address+"."+c.Attribute)
			got[c.Address+"."+c.Attribute] = c.After
		}
	}
	require.Equal(t, want, got)
}
