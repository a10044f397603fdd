package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// decide records n decisions a second apart, the newest at now, three of each
// change set.
func decide(t *testing.T, db *postgres.DB, n int, now time.Time) {
	t.Helper()
	cs := propose(t, db, newStack(t, db, "dev.runtime.eu-west-1").StackID)
	cs.Version = 1
	for i := range n {
		require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Decision: &aegis.Decision{
			DecisionID: fmt.Sprintf("dec-%04d", i), ChangeSetID: fmt.Sprintf("cs-%d", i/3), StackIDs: []string{"dev.runtime.eu-west-1"},
			Path: "aegis/gate", Input: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)), Allowed: true,
			Result: aegis.GateResult{Deny: []aegis.RuleResult{}}, DecidedAt: now.Add(time.Duration(i-n) * time.Second),
		}}))
		cs.Version++
	}
}

func TestRecordedDecisions(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	now := time.Now().Truncate(time.Second)
	const n = 450 // more than two batches
	decide(t, db, n, now)

	all := func(ctx context.Context, since time.Time, ids ...string) (found []string) {
		for d, err := range db.RecordedDecisions(ctx, since, ids) {
			require.NoError(t, err)
			require.JSONEq(t, fmt.Sprintf(`{"n":%d}`, n-1-len(found)), string(d.Input), "newest first")
			found = append(found, d.DecisionID)
		}
		return found
	}
	require.Len(t, all(t.Context(), time.Time{}), n)
	require.Len(t, all(t.Context(), now.Add(-300*time.Second)), 300)
	require.Equal(t, []string{"dec-0449", "dec-0448", "dec-0447"}, all(t.Context(), time.Time{}, "cs-149", "cs-unknown"))
	require.Empty(t, all(t.Context(), now.Add(time.Hour)))

	t.Run("stops when nobody wants more", func(t *testing.T) {
		t.Parallel()
		for d, err := range db.RecordedDecisions(t.Context(), time.Time{}, nil) {
			require.NoError(t, err)
			require.Equal(t, "dec-0449", d.DecisionID)
			break
		}
	})

	t.Run("ends with its context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		var last error
		read := 0
		for _, err := range db.RecordedDecisions(ctx, time.Time{}, nil) {
			if last = err; err == nil {
				read++
				cancel()
			}
		}
		cancel()
		require.ErrorIs(t, last, context.Canceled)
		require.Less(t, read, n)
	})
}

func TestUnreadableDecisionDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	decide(t, db, 3, time.Now())
	_, err := conn.Exec(t.Context(), `UPDATE decisions SET result = '"no result"' WHERE decision_id = 'dec-0001'`)
	require.NoError(t, err)
	var good, bad []string
	for d, err := range db.RecordedDecisions(t.Context(), time.Time{}, nil) {
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrBadRecord)
			bad = append(bad, d.DecisionID)
			continue
		}
		good = append(good, d.DecisionID)
	}
	require.Equal(t, []string{"dec-0002", "dec-0000"}, good)
	require.Equal(t, []string{"dec-0001"}, bad)
}
