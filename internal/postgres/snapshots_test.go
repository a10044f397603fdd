package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestSnapshotsKeepTheNewest(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	ctx := t.Context()
	none, err := db.Snapshots(ctx, "a", 1)
	require.NoError(t, err)
	require.Empty(t, none)

	start := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC)
	for i := range 5 {
		require.NoError(t, db.SaveSnapshot(ctx, "a", start.Add(time.Duration(i)*time.Second), []byte{byte(i)}, 3))
	}
	require.NoError(t, db.SaveSnapshot(ctx, "b", start, []byte("other"), 3))
	kept, err := db.Snapshots(ctx, "a", 10)
	require.NoError(t, err)
	require.Equal(t, [][]byte{{4}, {3}, {2}}, kept)

	require.NoError(t, db.SaveSnapshot(ctx, "a", start.Add(4*time.Second), []byte("finished"), 3))
	kept, err = db.Snapshots(ctx, "a", 2)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("finished"), {3}}, kept, "the same time is the same snapshot")
}
