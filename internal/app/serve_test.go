package app

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

func TestServeMigrateOnly(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	file := filepath.Join(t.TempDir(), "aegis.yaml")
	config := fmt.Sprintf("database: {url: %q}\naws: {account_id: '111122223333'}\npulumi: {passphrase_file: /nowhere}\n", url)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	for range 2 { // again it has nothing to do
		require.NoError(t, Serve(t.Context(), ServeOptions{ConfigFile: file, MigrateOnly: true, Stderr: io.Discard}))
	}
	db, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer db.Close()
	_, _, err = db.Stacks(t.Context(), aegis.Page{})
	require.NoError(t, err, "the schema is there")

	require.NoError(t, os.WriteFile(file, []byte("database: {url: 'http://db'}\n"), 0o600))
	require.ErrorContains(t, Serve(t.Context(), ServeOptions{ConfigFile: file, MigrateOnly: true, Stderr: io.Discard}), "database.url:")
}
