package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

func TestOldDecisionsMoveIntoTheLog(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	db, conn := openURL(t, url), connect(t, url)
	require.NoError(t, db.MigrateTo(t.Context(), 14))
	for i, row := range []struct{ input, result, at string }{
		{`{"n":  1}`, `{"deny":[]}`, "2026-01-31T23:59:59Z"},
		{`{"n":  1}`, `{"deny":[{"code":"b","msg":""},{"code":"a","msg":""}],"warn":[{"code":"c"}]}`, "2026-02-01T00:00:00Z"},
		{`{"n": 2}`, `{"deny":[{"code":"policy_timeout"}],"warn":null}`, "2026-02-03T00:00:00Z"},
		{`null`, `"no result"`, "0001-01-01T00:00:00Z"},
	} {
		_, err := conn.Exec(t.Context(), `
			INSERT INTO decisions (decision_id, change_set_id, stack_ids, bundle_revision, path, input, input_digest, result, allowed, latency_us, decided_at)
			VALUES ($1, 'cs-1', '{a}', 'r1', 'aegis/gate', $2, '', $3, $4, 7, $5::text::timestamptz)`,
			fmt.Sprintf("dec-%d", i), row.input, row.result, i == 0, row.at)
		require.NoError(t, err)
	}
	require.NoError(t, db.Migrate(t.Context()))

	d, err := db.Decision(t.Context(), "dec-1")
	require.NoError(t, err)
	require.Equal(t, `{"n":  1}`, string(d.Input), "byte for byte")
	require.Equal(t, aegis.OutcomeDenied, d.Outcome)
	require.Equal(t, 2, count(t, conn, `SELECT count(*) FROM decision_inputs`))
	for id, want := range map[string]string{
		"dec-0": "decisions_2026_01 allowed {}", "dec-1": "decisions_2026_02 denied {a,b,c}",
		"dec-2": "decisions_2026_02 error {policy_timeout}", "dec-3": "decisions_default denied {}",
	} {
		var got string
		require.NoError(t, conn.QueryRow(t.Context(), `
			SELECT tableoid::regclass || ' ' || outcome || ' ' || rules::text FROM decisions WHERE decision_id = $1`, id).Scan(&got))
		require.Equal(t, want, got)
	}
	read := 0
	for _, err := range db.RecordedDecisions(t.Context(), time.Time{}, nil) {
		if err == nil {
			read++
		}
	}
	require.Equal(t, 3, read)
}

// logged commits decisions with these inputs at a time.
func logged(t *testing.T, db *postgres.DB, at time.Time, decisions ...aegis.Decision) {
	t.Helper()
	cs := propose(t, db, newStack(t, db, "dev.runtime.eu-west-1").StackID)
	for i, d := range decisions {
		if d.DecisionID == "" {
			d.DecisionID = aegis.NewID(aegis.DecisionPrefix, at)
		}
		if d.ChangeSetID == "" {
			d.ChangeSetID = cs.ChangeSetID
		}
		d.DecidedAt = at.Add(time.Duration(i) * time.Second)
		require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Decision: &d}))
		cs.Version++
	}
}

func TestInputsAreStoredOnceAndCompressed(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	input := json.RawMessage(`{"text":  "` + strings.Repeat("again ", 10_000) + `"}`)
	record := aegis.Decision{
		Input: input, Result: aegis.GateResult{Deny: []aegis.RuleResult{}}, Outcome: aegis.OutcomeAllowed, Path: "aegis/gate",
		Masked: []string{"/input/a"}, Erased: []string{"/input/b"}, Metrics: map[string]int64{"timer_server_handler_ns": 7},
	}
	first, second := record, record
	first.DecisionID, second.DecisionID = "dec-1", "dec-2"
	logged(t, db, time.Now(), first, second, aegis.Decision{DecisionID: "dec-3"})
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM decision_inputs`))
	require.Less(t, count(t, conn, `SELECT length(document) FROM decision_inputs`), len(input)/10)
	got, err := db.Decision(t.Context(), "dec-2")
	require.NoError(t, err)
	require.Equal(t, string(input), string(got.Input))
	require.Equal(t, record.Masked, got.Masked)
	require.Equal(t, record.Erased, got.Erased)
	require.Equal(t, record.Metrics, got.Metrics)
	got, err = db.Decision(t.Context(), "dec-3")
	require.NoError(t, err)
	require.Equal(t, "null", string(got.Input))

	_, err = conn.Exec(t.Context(), `UPDATE decision_inputs SET document = '\x1f'`)
	require.NoError(t, err)
	_, err = db.Decision(t.Context(), "dec-1")
	require.ErrorIs(t, err, aegis.ErrBadRecord)
}

func TestDecisionFilters(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	at := time.Date(2026, 3, 31, 23, 59, 58, 0, time.UTC)
	deny := func(code string) aegis.GateResult { return aegis.GateResult{Deny: []aegis.RuleResult{{Code: code}}} }
	logged(t, db, at,
		aegis.Decision{DecisionID: "dec-0", ChangeSetID: "cs-0", Path: "aegis/gate", BundleRevision: "r1", StackIDs: []string{"a", "b"}, Allowed: true, Result: aegis.GateResult{Warn: []aegis.RuleResult{{Code: "soft"}}}},
		aegis.Decision{DecisionID: "dec-1", ChangeSetID: "cs-1", Path: "aegis/gate", BundleRevision: "r1", StackIDs: []string{"b"}, Result: deny("hard")},
		aegis.Decision{DecisionID: "dec-2", ChangeSetID: "cs-1", Path: "aegis/meta", BundleRevision: "r2", Result: deny("policy_error")},
		aegis.Decision{DecisionID: "dec-3", ChangeSetID: "cs-1", Path: "aegis/gate", BundleRevision: "r2", Allowed: true, Shadow: true},
	)
	for _, c := range []struct {
		filter aegis.DecisionFilter
		want   string
	}{
		{aegis.DecisionFilter{}, "dec-2 dec-1 dec-0"},
		{aegis.DecisionFilter{Shadow: true}, "dec-3 dec-2 dec-1 dec-0"},
		{aegis.DecisionFilter{StackID: "b"}, "dec-1 dec-0"},
		{aegis.DecisionFilter{ChangeSetID: "cs-1"}, "dec-2 dec-1"},
		{aegis.DecisionFilter{Rule: "soft"}, "dec-0"},
		{aegis.DecisionFilter{Rule: "hard", StackID: "a"}, ""},
		{aegis.DecisionFilter{Outcome: aegis.OutcomeAllowed}, "dec-0"},
		{aegis.DecisionFilter{Outcome: aegis.OutcomeDenied}, "dec-1"},
		{aegis.DecisionFilter{Outcome: aegis.OutcomeError}, "dec-2"},
		{aegis.DecisionFilter{Path: "aegis/meta"}, "dec-2"},
		{aegis.DecisionFilter{BundleRevision: "r1"}, "dec-1 dec-0"},
		{aegis.DecisionFilter{Since: at.Add(time.Second)}, "dec-2 dec-1"},
		{aegis.DecisionFilter{Until: at.Add(2 * time.Second)}, "dec-1 dec-0"},
		{aegis.DecisionFilter{Since: at.Add(time.Second), Until: at.Add(time.Second)}, ""},
	} {
		var ids []string
		page := aegis.Page{Limit: 1}
		for more := true; more; more = page.Cursor != "" {
			list, next, err := db.Decisions(t.Context(), c.filter, page)
			require.NoError(t, err)
			for _, d := range list {
				ids = append(ids, d.DecisionID)
			}
			page.Cursor = next
		}
		require.Equal(t, c.want, strings.Join(ids, " "), "%+v", c.filter)
	}
}

func TestMonthsOfDecisionsComeAndGo(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	months := func() int {
		return count(t, conn, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'decisions'::regclass`) - 1
	}
	now := time.Date(2031, 12, 15, 12, 0, 0, 0, time.UTC)
	have := months()
	input := func(n int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"n": %d}`, n)) }
	logged(t, db, now.AddDate(0, -13, 0), aegis.Decision{DecisionID: "dec-old", Input: input(1)}, aegis.Decision{Input: input(2)})
	logged(t, db, now, aegis.Decision{DecisionID: "dec-new", Input: input(1)})
	require.Equal(t, 3, count(t, conn, `SELECT count(*) FROM decisions_default`), "an insert never fails for want of a month")

	require.NoError(t, db.RotateDecisions(t.Context(), now, 0))
	require.Zero(t, count(t, conn, `SELECT count(*) FROM decisions_default`))
	require.Equal(t, have+4, months(), "the old month, this one and two more")
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM decisions_2031_12`))
	require.NoError(t, db.RotateDecisions(t.Context(), now, 0), "again")
	logged(t, db, now.AddDate(0, 2, 0), aegis.Decision{})
	require.Zero(t, count(t, conn, `SELECT count(*) FROM decisions_default`), "made ahead")

	require.NoError(t, db.RotateDecisions(t.Context(), now, 400*24*time.Hour))
	_, err := db.Decision(t.Context(), "dec-old")
	require.NoError(t, err, "a month goes as a whole")
	_, err = conn.Exec(t.Context(), `INSERT INTO decision_sinks (sink) VALUES ('siem')`)
	require.NoError(t, err)
	require.NoError(t, db.RotateDecisions(t.Context(), now, 300*24*time.Hour))
	_, err = db.Decision(t.Context(), "dec-old")
	require.NoError(t, err, "a sink has yet to take it")
	_, err = conn.Exec(t.Context(), `UPDATE decision_sinks SET seen_at = now() - interval '8 days'`)
	require.NoError(t, err)
	require.NoError(t, db.RotateDecisions(t.Context(), now, 300*24*time.Hour))
	_, err = db.Decision(t.Context(), "dec-old")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	d, err := db.Decision(t.Context(), "dec-new")
	require.NoError(t, err)
	require.Equal(t, string(input(1)), string(d.Input), "it is still referred to")
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM decision_inputs`))
}
