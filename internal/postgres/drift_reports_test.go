package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

func newReport(stackID, group string, at time.Time) aegis.DriftReport {
	return aegis.DriftReport{
		DriftReportID: aegis.NewID(aegis.DriftReportPrefix, at), StackID: stackID, Region: "eu-west-1", Kind: aegis.DriftChanged,
		Cause: aegis.DriftCause{Kind: aegis.CauseUnknown, Group: group}, State: aegis.DriftOpen, DetectedAt: at.UTC().Truncate(time.Microsecond),
		Changes: []aegis.DriftChange{{Address: "web", Attribute: "ingress", Before: []any{}, After: []any{"22"}}},
	}
}

func detect(t *testing.T, db *postgres.DB, reports ...aegis.DriftReport) {
	t.Helper()
	for _, r := range reports {
		require.NoError(t, db.UpdateDrift(t.Context(), r.StackID, func([]aegis.DriftReport) []aegis.DriftWrite {
			return []aegis.DriftWrite{{Report: r, Event: aegis.EventDriftDetected}}
		}))
	}
}

func TestDriftReports(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "a")
	newStack(t, db, "b")
	now := time.Now()
	one, two, three := newReport("a", "g1", now.Add(-3*time.Second)), newReport("b", "g1", now.Add(-2*time.Second)), newReport("a", "g2", now.Add(-time.Second))
	detect(t, db, one, two, three)

	got, err := db.DriftReport(t.Context(), one.DriftReportID)
	require.NoError(t, err)
	require.Equal(t, one, got)
	_, err = db.DriftReport(t.Context(), "drift-none")
	require.ErrorIs(t, err, aegis.ErrNotFound)

	ids := func(f aegis.DriftFilter) (found []string) {
		page := aegis.Page{Limit: 1}
		for {
			items, next, err := db.DriftReports(t.Context(), f, page)
			require.NoError(t, err)
			for _, r := range items {
				found = append(found, r.DriftReportID)
			}
			if next == "" {
				return found
			}
			page.Cursor = next
		}
	}
	require.Equal(t, []string{three.DriftReportID, two.DriftReportID, one.DriftReportID}, ids(aegis.DriftFilter{}))
	require.Equal(t, []string{three.DriftReportID, one.DriftReportID}, ids(aegis.DriftFilter{StackID: "a", State: aegis.DriftOpen}))
	require.Equal(t, []string{two.DriftReportID, one.DriftReportID}, ids(aegis.DriftFilter{Group: "g1", Kind: aegis.DriftChanged}))

	groups, next, err := db.DriftGroups(t.Context(), aegis.DriftFilter{}, aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "g2", groups[0].Group)
	groups, next, err = db.DriftGroups(t.Context(), aegis.DriftFilter{}, aegis.Page{Limit: 1, Cursor: next})
	require.NoError(t, err)
	require.Empty(t, next)
	require.Equal(t, aegis.DriftGroup{
		Group: "g1", Cause: two.Cause, Reports: 2, Open: 2, StackIDs: []string{"a", "b"},
		FirstDetectedAt: one.DetectedAt, LastDetectedAt: two.DetectedAt,
	}, inUTC(groups[0]))

	require.Equal(t, 3, count(t, conn, `SELECT count(*) FROM events WHERE kind = 'drift' AND type = 'drift.detected'`))
	events, err := db.Events(t.Context(), "", 0, 500)
	require.NoError(t, err)
	var told aegis.DriftReport
	require.NoError(t, json.Unmarshal(events[len(events)-1].Data, &told))
	require.Equal(t, three, told)
}

func inUTC(g aegis.DriftGroup) aegis.DriftGroup {
	g.FirstDetectedAt, g.LastDetectedAt = g.FirstDetectedAt.UTC(), g.LastDetectedAt.UTC()
	return g
}

func TestUpdateDriftIsOneAtATime(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "a")
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			return db.UpdateDrift(t.Context(), "a", func(open []aegis.DriftReport) []aegis.DriftWrite {
				if len(open) > 0 {
					return nil
				}
				return []aegis.DriftWrite{{Report: newReport("a", "g", time.Now()), Event: aegis.EventDriftDetected}}
			})
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM drift_reports`), "the same drift seen by eight is one report")
	err := db.UpdateDrift(t.Context(), "none", func([]aegis.DriftReport) []aegis.DriftWrite { panic("not asked") })
	require.ErrorIs(t, err, aegis.ErrNotFound)
}

func TestPromotionCorrectsDrift(t *testing.T) {
	t.Parallel()
	for source, want := range map[aegis.Source]aegis.DriftState{aegis.SourceDrift: aegis.DriftCorrected, aegis.SourceGoal: aegis.DriftOpen} {
		t.Run(fmt.Sprintf("by source %s", source), func(t *testing.T) {
			t.Parallel()
			db, conn := open(t)
			newStack(t, db, "a")
			newStack(t, db, "b")
			here, there := newReport("a", "g", time.Now()), newReport("b", "g", time.Now())
			detect(t, db, here, there)
			cs := newChangeSet("a")
			cs.Source = source
			if source == aegis.SourceDrift {
				cs.Patches = nil
			}
			require.NoError(t, db.InsertChangeSet(t.Context(), cs))
			cs.PromotionState, cs.Phase = aegis.StatePromoted, aegis.PhaseDone
			require.NoError(t, db.CommitStep(t.Context(), rollout.Step{
				ChangeSet: cs, Stacks: []rollout.StackUpdate{{StackID: "a", State: aegis.StackClean, Reconciled: true}},
			}))
			got, err := db.DriftReport(t.Context(), here.DriftReportID)
			require.NoError(t, err)
			require.Equal(t, want, got.State, "an empty diff that read nothing says nothing of drift")
			if want == aegis.DriftCorrected {
				require.Equal(t, cs.ChangeSetID, got.ChangeSetID)
				require.NotNil(t, got.ResolvedAt)
				require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'drift.corrected'`))
			}
			got, err = db.DriftReport(t.Context(), there.DriftReportID)
			require.NoError(t, err)
			require.Equal(t, aegis.DriftOpen, got.State)
		})
	}
}

func TestPruneForgetsOldCloudEvents(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "s")
	index(t, db, "s", aegis.IndexedResource{Address: "web", Type: "aws_security_group", ID: "sg-1"})
	_, err := db.SaveCloudEvents(t.Context(), []aegis.CloudEvent{call("event-old", time.Now(), group("sg-1")), call("event-new", time.Now())})
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE cloud_events SET received_at = now() - interval '8 days' WHERE event_id = 'event-old'`)
	require.NoError(t, err)
	require.NoError(t, db.Prune(t.Context()))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM cloud_events`))
	require.Zero(t, count(t, conn, `SELECT count(*) FROM cloud_event_stacks`))
}
