package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestFreshness(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "s")
	newStack(t, db, "never")
	newStack(t, db, "removed")
	_, err := conn.Exec(t.Context(), `UPDATE stacks SET revision = 2 WHERE stack_id = 'removed'`)
	require.NoError(t, err)
	at := time.Now().Add(-time.Hour)
	require.NoError(t, db.SetStackState(t.Context(), "s", aegis.StackClean, "", 1, &at))
	f, err := db.Freshness(t.Context())
	require.NoError(t, err)
	require.Len(t, f.Stacks, 2, "what was removed on purpose is not looked for")
	require.Equal(t, "s", f.Stacks[1].StackID)
	require.WithinDuration(t, at, f.Stacks[1].ReconciledAt, time.Millisecond)
	require.False(t, f.Stacks[0].ReconciledAt.IsZero())
	require.Zero(t, f.OldestEvent)

	index(t, db, "s", aegis.IndexedResource{Address: "web", Type: "aws_security_group", ID: "sg-1", Region: "eu-west-1"})
	_, err = db.SaveCloudEvents(t.Context(), []aegis.CloudEvent{call("e1", time.Now(), group("sg-1"))})
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE cloud_events SET received_at = now() - interval '90 seconds'`)
	require.NoError(t, err)
	f, err = db.Freshness(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, f.OldestEvent, 90*time.Second)
	require.NoError(t, db.SeeEvents(t.Context(), "s", []string{"e1"}))
	f, err = db.Freshness(t.Context())
	require.NoError(t, err)
	require.Zero(t, f.OldestEvent)
}

func TestCountsHaveWhatAlertsAskFor(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	counts, err := db.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"enabled": 0, "disabled": 0}, counts["webhooks"])
	require.Equal(t, map[string]int64{"open": 0}, counts["breakers"])
	_, err = db.OpenBreaker(t.Context(), aegis.Breaker{Scope: "region", Key: "eu-west-1", Reason: "x", OpenedBy: "t"})
	require.NoError(t, err)
	counts, err = db.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"open": 1}, counts["breakers"])
}
