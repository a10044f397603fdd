package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	one, two := connect(t, pgtest.Empty(t)), connect(t, pgtest.Empty(t))

	_, err := one.Exec(t.Context(), "CREATE TABLE only_here (id int)")
	require.NoError(t, err)

	_, err = two.Exec(t.Context(), "SELECT id FROM only_here")
	require.ErrorContains(t, err, "does not exist")
}

func TestNewIsMigrated(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.New(t))

	for _, table := range []string{"goals", "river_job"} {
		var rows int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows))
		require.Zero(t, rows)
	}
}

func TestClusterComesBack(t *testing.T) {
	t.Parallel()
	cluster, err := pgtest.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })

	require.NoError(t, cluster.Stop())
	_, err = pgx.Connect(t.Context(), cluster.URL("postgres"))
	require.Error(t, err)

	require.NoError(t, cluster.Restart())
	connect(t, cluster.URL("postgres"))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(t.Context())) })
	return conn
}
