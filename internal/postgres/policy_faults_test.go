package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// judged commits decisions by r1, each with what its shadow r2 says of it.
func judged(t *testing.T, db *postgres.DB, at time.Time, shadows ...[]aegis.RuleResult) {
	t.Helper()
	cs := propose(t, db, newStack(t, db, "dev.runtime.eu-west-1").StackID)
	for i, deny := range shadows {
		decision := aegis.Decision{
			DecisionID: aegis.NewID(aegis.DecisionPrefix, at), ChangeSetID: cs.ChangeSetID, StackIDs: cs.Target.StackIDs,
			BundleRevision: "r1", Path: "aegis/gate", Input: json.RawMessage(fmt.Sprintf(`{"n": %d}`, i)), Allowed: true,
			Result: aegis.GateResult{Deny: []aegis.RuleResult{}}, DecidedAt: at.Add(time.Duration(i) * time.Second),
		}
		shadow := decision
		shadow.DecisionID, shadow.BundleRevision, shadow.Shadow = aegis.NewID(aegis.DecisionPrefix, at), "r2", true
		shadow.Result.Deny, shadow.Allowed = deny, len(deny) == 0
		require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Decision: &decision, Shadow: &shadow}))
		cs.Version++
	}
}

func TestShadowsAreRecordedApart(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	now := time.Now().Truncate(time.Second)
	judged(t, db, now, nil, []aegis.RuleResult{{Code: "freeze", Msg: "not now"}})

	list, _, err := db.Decisions(t.Context(), aegis.DecisionFilter{}, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, list, 2)
	for _, d := range list {
		require.False(t, d.Shadow)
	}
	list, _, err = db.Decisions(t.Context(), aegis.DecisionFilter{Shadow: true}, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, list, 4)
	recorded := 0
	for d, err := range db.RecordedDecisions(t.Context(), time.Time{}, nil) {
		require.NoError(t, err)
		require.Equal(t, "r1", d.BundleRevision, "a shadow's decisions are no history")
		recorded++
	}
	require.Equal(t, 2, recorded)
}

func TestPolicyFaults(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	now := time.Now().Truncate(time.Second)
	judged(t, db, now,
		nil,
		[]aegis.RuleResult{{Code: "freeze", Msg: "not now"}},
		[]aegis.RuleResult{{Code: "freeze", Msg: "not now"}, {Code: "policy_timeout", Msg: "2 s"}},
		[]aegis.RuleResult{{Code: "policy_undefined", Msg: "no answer"}},
		[]aegis.RuleResult{{Code: "policy_error", Msg: "boom"}},
		[]aegis.RuleResult{{Code: "policy_missing", Msg: "no bundle"}},
	)
	for _, c := range []struct {
		fact     string
		revision string
		shadow   bool
		since    time.Time
		want     aegis.PolicyFaults
	}{
		{"counts every kind of no answer, and no denial", "r2", true, now, aegis.PolicyFaults{Evaluated: 6, Faults: 4, First: "policy_timeout: 2 s", Differ: 5}},
		{"counts from a time on", "r2", true, now.Add(3 * time.Second), aegis.PolicyFaults{Evaluated: 3, Faults: 3, First: "policy_undefined: no answer", Differ: 3}},
		{"is nothing before the first decision", "r2", true, now.Add(time.Hour), aegis.PolicyFaults{}},
		{"keeps shadows and running bundles apart", "r2", false, now, aegis.PolicyFaults{}},
		{"counts the running bundle", "r1", false, now, aegis.PolicyFaults{Evaluated: 6}},
	} {
		got, err := db.PolicyFaults(t.Context(), c.revision, c.shadow, c.since)
		require.NoError(t, err, c.fact)
		require.Equal(t, c.want, got, c.fact)
	}
	_, err := conn.Exec(t.Context(), `UPDATE decisions SET result = '{"deny": "no list"}' WHERE shadow`)
	require.NoError(t, err)
	got, err := db.PolicyFaults(t.Context(), "r2", true, now)
	require.NoError(t, err)
	require.Equal(t, aegis.PolicyFaults{Evaluated: 6, Differ: 5}, got, "a record that can't be read is no answer's fault")
}
