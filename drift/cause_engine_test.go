package drift_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func versions(aws string) aegis.EngineVersions {
	return aegis.EngineVersions{Engine: "terraform 1.11.4", Providers: map[string]string{"aws": aws}}
}

func TestAnUpgradeIsBlamedForWhatNobodyDid(t *testing.T) {
	t.Parallel()
	read := func(t *testing.T, from, to string, prepare func(*estate)) []aegis.DriftReport {
		t.Helper()
		e := newEstate()
		e.versions = versions(from)
		e.resources = watched(t).resources
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		e.now = e.now.Add(time.Minute)
		e.versions, e.drifted = versions(to), []aegis.ResourceChange{opened(), tagged()}
		if prepare != nil {
			prepare(e)
		}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		return slices.DeleteFunc(e.reports, func(r aegis.DriftReport) bool { return r.State != aegis.DriftOpen })
	}
	t.Run("once for all that it made drift", func(t *testing.T) {
		t.Parallel()
		reports := read(t, "5.99.0", "5.100.0", nil)
		require.Len(t, reports, 1)
		require.Equal(t, aegis.CauseEngine, reports[0].Cause.Kind)
		require.Equal(t, "aws 5.99.0 to 5.100.0", reports[0].Cause.Upgrade)
		require.Len(t, reports[0].Changes, 2)
		again := read(t, "5.99.0", "5.100.0", nil)
		require.Equal(t, reports[0].Cause.Group, again[0].Cause.Group, "another stack is of the same cause")
	})
	t.Run("not when the version is the same, or was not known", func(t *testing.T) {
		t.Parallel()
		for _, from := range []string{"5.100.0", ""} {
			e := read(t, from, "5.100.0", func(e *estate) {
				if from == "" {
					seen := e.seen[id]
					seen.Versions = aegis.EngineVersions{}
					e.seen[id] = seen
				}
			})
			require.Len(t, e, 2)
			require.Equal(t, aegis.CauseUnknown, e[0].Cause.Kind)
		}
	})
	t.Run("not for what an event explains", func(t *testing.T) {
		t.Parallel()
		reports := read(t, "5.99.0", "5.100.0", func(e *estate) { e.happens(byAnn("e1", e.now)) })
		require.Len(t, reports, 2)
		kinds := []string{reports[0].Cause.Kind, reports[1].Cause.Kind}
		require.ElementsMatch(t, []string{aegis.CauseEvent, aegis.CauseEngine}, kinds)
	})
	t.Run("not for what is gone", func(t *testing.T) {
		t.Parallel()
		reports := read(t, "5.99.0", "5.100.0", func(e *estate) {
			gone := opened()
			gone.Action = aegis.ActionDelete
			e.drifted = []aegis.ResourceChange{gone}
		})
		require.Equal(t, aegis.CauseUnknown, reports[0].Cause.Kind)
	})
	t.Run("nothing written in another way is the engine's at any time", func(t *testing.T) {
		t.Parallel()
		reports := read(t, "5.100.0", "5.100.0", func(e *estate) {
			e.drifted = []aegis.ResourceChange{{
				StackID: id, Address: "aws_vpc::main", Type: "aws_vpc", Action: aegis.ActionUpdate,
				Before: map[string]any{"tags": nil, "ids": nil}, After: map[string]any{"tags": map[string]any{}, "ids": []any{}},
			}}
		})
		require.Len(t, reports, 1)
		require.Equal(t, aegis.CauseEngine, reports[0].Cause.Kind)
		require.Empty(t, reports[0].Cause.Upgrade)
	})
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	v := aegis.EngineVersions{Engine: "terraform 1.11.4", Providers: map[string]string{"aws": "5.99.0", "random": "3.0.0"}}
	require.Empty(t, v.Upgrade(v))
	require.Empty(t, aegis.EngineVersions{}.Upgrade(v), "what was not known did not change")
	require.Empty(t, v.Upgrade(aegis.EngineVersions{}))
	require.Equal(t, "terraform 1.11.4 to 1.12.0, aws 5.99.0 to 5.100.0",
		v.Upgrade(aegis.EngineVersions{Engine: "terraform 1.12.0", Providers: map[string]string{"aws": "5.100.0"}}))
}
