package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestStateFiles(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	ctx := t.Context()
	_, err := db.ReadState(ctx, "x")
	require.ErrorIs(t, err, aegis.ErrNotFound, "before the backend's first use")
	stacks, err := db.StateStacks(ctx)
	require.NoError(t, err)
	require.Empty(t, stacks)
	_, err = conn.Exec(ctx, `CREATE TABLE pulumi_state (key text PRIMARY KEY, data json NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`)
	require.NoError(t, err)

	const key = ".pulumi/stacks/aegis/dev.network.eu-west-1.json.gz"
	for _, data := range []string{"first", "\x1f\x8b\x00"} {
		require.NoError(t, db.WriteState(ctx, key, []byte(data)))
		got, err := db.ReadState(ctx, key)
		require.NoError(t, err)
		require.Equal(t, data, string(got))
	}
	require.NoError(t, db.WriteState(ctx, ".pulumi/stacks/aegis/dev.data.eu-west-1.json", nil))
	require.NoError(t, db.WriteState(ctx, ".pulumi/stacks/aegis/dev.old.eu-west-1.json.bak", nil))
	require.NoError(t, db.WriteState(ctx, ".pulumi/meta.yaml", nil))
	keys, err := db.ListState(ctx, ".pulumi/stacks/aegis/dev.d")
	require.NoError(t, err)
	require.Equal(t, []string{".pulumi/stacks/aegis/dev.data.eu-west-1.json"}, keys)
	stacks, err = db.StateStacks(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"dev.data.eu-west-1", "dev.network.eu-west-1"}, stacks)
	require.NoError(t, db.DeleteState(ctx, key))
	require.NoError(t, db.DeleteState(ctx, key))
	_, err = db.ReadState(ctx, key)
	require.ErrorIs(t, err, aegis.ErrNotFound)
}

func TestWriteStateBeforeTheBackendWasUsed(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	var writers errgroup.Group
	keys := []string{"a.json.gz", "b.json.gz", "c.json.gz", "d.json.gz", "e.json.gz", "f.json.gz"}
	for _, key := range keys {
		writers.Go(func() error { return db.WriteState(t.Context(), key, []byte("state")) })
	}
	require.NoError(t, writers.Wait())
	written, err := db.ListState(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, keys, written)
}
