package drift_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
)

// resized is the drift of a group that somebody made larger.
func resized() aegis.ResourceChange {
	return aegis.ResourceChange{
		StackID: id, Address: "aws_autoscaling_group::node", Type: "aws_autoscaling_group", Region: "eu-west-1", Action: aegis.ActionUpdate,
		Before: map[string]any{"id": "node", "max_size": 3.0}, After: map[string]any{"id": "node", "max_size": 9.0},
	}
}

func adoptAll(aegis.DriftedAttribute) aegis.DriftDecision { return aegis.AdoptDrift }

func sized([]aegis.DriftChange) (string, []aegis.DriftChange) { return `{"node_max":9}`, nil }

func TestPolicyAdopts(t *testing.T) {
	t.Parallel()
	t.Run("by a patch of the spec, once", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.decision, e.parameters = []aegis.ResourceChange{resized()}, adoptAll, sized
		for range 2 {
			require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		}
		require.Len(t, e.sets, 1)
		require.Equal(t, aegis.SourceDrift, e.sets[0].Source)
		require.Equal(t, []string{"aws_autoscaling_group::node"}, e.sets[0].Target.Addresses)
		require.JSONEq(t, `{"node_max":9}`, string(e.sets[0].Patches[0].MergePatch))
		require.Equal(t, int64(1), e.sets[0].Patches[0].BaseRevision)
		require.Equal(t, "cs", e.reports[0].ChangeSetID)
	})
	t.Run("says what can't be, and tries again only when it changes", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		asked := 0
		e.drifted, e.decision = []aegis.ResourceChange{tagged()}, adoptAll
		e.parameters = func(c []aegis.DriftChange) (string, []aegis.DriftChange) { asked++; return `{}`, c }
		for range 3 {
			require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		}
		require.Empty(t, e.sets)
		require.Equal(t, 1, asked)
		require.Contains(t, e.reports[0].Changes[0].Reason, "aws_vpc::main tags.owner: no parameter")
		require.Equal(t, aegis.DriftReported, e.reports[0].State)
		other := tagged()
		other.After["tags"] = map[string]any{"owner": "eve"}
		e.drifted = []aegis.ResourceChange{other}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, 2, asked)
	})
	t.Run("says why the door refused", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.decision, e.parameters = []aegis.ResourceChange{resized()}, adoptAll, sized
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		e.sets[0].PromotionState, e.sets[0].Error = aegis.StateFailed, "the patched spec does not agree"
		e.now = e.now.Add(time.Minute)
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Contains(t, e.reports[0].Changes[0].Reason, "the patched spec does not agree")
		e.now = e.now.Add(3 * time.Hour)
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 1)
	})
	t.Run("corrects first", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.parameters = []aegis.ResourceChange{resized(), opened()}, sized
		e.decision = func(seen aegis.DriftedAttribute) aegis.DriftDecision {
			if seen.Attribute == "max_size" {
				return aegis.AdoptDrift
			}
			return aegis.CorrectDrift
		}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 1)
		require.Empty(t, e.sets[0].Patches)
		e.sets[0].PromotionState, e.drifted = aegis.StatePromoted, e.drifted[:1]
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 2)
		require.NotEmpty(t, e.sets[1].Patches)
	})
	t.Run("corrects at once what drifts after an adoption", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted, e.parameters = []aegis.ResourceChange{resized()}, sized
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		e.sets[0].PromotionState = aegis.StateDenied
		e.decision = adoptAll
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.NotEmpty(t, e.sets[1].Patches)
		e.sets[1].PromotionState, e.decision = aegis.StatePromoted, nil
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.sets, 3)
	})
	t.Run("leaves what is only observed", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.stacks[0].Mode = aegis.ModeObserve
		e.drifted, e.decision, e.parameters = []aegis.ResourceChange{resized()}, adoptAll, sized
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Empty(t, e.sets)
	})
}

func TestAdoptReport(t *testing.T) {
	t.Parallel()
	reported := func(t *testing.T, drifted ...aegis.ResourceChange) (*estate, drift.Adopter) {
		t.Helper()
		e := watched(t)
		e.drifted, e.decision, e.parameters = drifted, func(aegis.DriftedAttribute) aegis.DriftDecision { return aegis.ReportDrift }, sized
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		return e, drift.Adopter{Store: e, Parameters: e, Door: e}
	}
	t.Run("proposes the patch in the name of who asks", func(t *testing.T) {
		t.Parallel()
		e, a := reported(t, resized())
		cs, err := a.AdoptReport(t.Context(), e.reports[0].DriftReportID, "ann")
		require.NoError(t, err)
		require.Equal(t, "ann", cs.Actor)
		require.Equal(t, cs.ChangeSetID, e.reports[0].ChangeSetID)
	})
	t.Run("names what has no parameter", func(t *testing.T) {
		t.Parallel()
		e, a := reported(t, resized())
		e.parameters = nil
		_, err := a.AdoptReport(t.Context(), e.reports[0].DriftReportID, "ann")
		require.ErrorIs(t, err, aegis.ErrInvalid)
		require.ErrorContains(t, err, "aws_autoscaling_group::node max_size")
		require.ErrorContains(t, err, "aegis drift ignore")
		require.Empty(t, e.sets)
	})
	t.Run("refuses what drifts otherwise now", func(t *testing.T) {
		t.Parallel()
		e, a := reported(t, resized())
		both := resized()
		both.Before["min_size"], both.After["min_size"] = 1.0, 2.0
		o := e.seen[id]
		o.Drift = []aegis.ResourceChange{both}
		e.seen[id] = o
		_, err := a.AdoptReport(t.Context(), e.reports[0].DriftReportID, "ann")
		require.ErrorContains(t, err, "min_size: drifts, too")
		o.Drift = nil
		e.seen[id] = o
		_, err = a.AdoptReport(t.Context(), e.reports[0].DriftReportID, "ann")
		require.ErrorIs(t, err, aegis.ErrConflict)
	})
	t.Run("refuses what is gone, over or unknown", func(t *testing.T) {
		t.Parallel()
		gone := resized()
		gone.Action, gone.After = aegis.ActionDelete, nil
		e, a := reported(t, gone)
		_, err := a.AdoptReport(t.Context(), e.reports[0].DriftReportID, "ann")
		require.ErrorIs(t, err, aegis.ErrInvalid)
		e.reports[0].State = aegis.DriftCorrected
		_, err = a.AdoptReport(t.Context(), e.reports[0].DriftReportID, "ann")
		require.ErrorIs(t, err, aegis.ErrConflict)
		_, err = a.AdoptReport(t.Context(), "drift-none", "ann")
		require.ErrorIs(t, err, aegis.ErrNotFound)
	})
}
