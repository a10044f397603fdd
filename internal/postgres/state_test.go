package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestStateIsCopiedAndRestored(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	db.UseStateTable("my_state")
	exec := func(sql string, args ...any) {
		_, err := conn.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	put := func(key, data string) {
		exec(`INSERT INTO my_state (key, data) VALUES ($1, json_build_object('data', $2::text)) ON CONFLICT (key) DO UPDATE SET data = excluded.data`, key, data)
	}
	get := func(key string) (data string) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT coalesce((SELECT data->>'data' FROM my_state WHERE key = $1), 'none')`, key).Scan(&data))
		return data
	}
	exec(`CREATE TABLE my_state (key text PRIMARY KEY, data json NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`)
	const own, lock = ".pulumi/stacks/aegis/dev.network.eu-west-1.json.gz", ".pulumi/locks/organization/aegis/dev.network.eu-west-1/1.json"
	const neighbour = ".pulumi/stacks/aegis/devxnetwork.eu-west-1.json.gz"
	_, err := db.CopyState(t.Context(), "dev.network.eu-west-1")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	put(own, "one")
	put(lock, "locked")
	put(neighbour, "other")

	id, err := db.CopyState(t.Context(), "dev.network.eu-west-1")
	require.NoError(t, err)
	put(own, "two")
	put(own+".bak", "one")
	put(neighbour, "changed")
	require.NoError(t, db.RestoreState(t.Context(), "dev.network.eu-west-1", id))

	require.Equal(t, "one", get(own))
	require.Equal(t, "none", get(own+".bak"))
	require.Equal(t, "locked", get(lock))
	require.Equal(t, "changed", get(neighbour), "a dot in a name is a dot")
	require.ErrorIs(t, db.RestoreState(t.Context(), "devxnetwork.eu-west-1", id), aegis.ErrNotFound, "copies are of one stack")

	for i := range 12 {
		put(own, fmt.Sprint(i))
		_, err = db.CopyState(t.Context(), "dev.network.eu-west-1")
		require.NoError(t, err)
	}
	require.Equal(t, 10, count(t, conn, `SELECT count(*) FROM state_snapshots`))
	put(own, "broken")
	require.NoError(t, db.RestoreState(t.Context(), "dev.network.eu-west-1", 0))
	require.Equal(t, "11", get(own))
}

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
