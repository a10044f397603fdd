package bundles_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/bundles"
	"github.com/aegisworld/aegis/policies/archive"
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fetch := bundles.Directory(dir, archive.DefaultLimits())
	_, _, err := fetch(t.Context(), "")
	require.ErrorContains(t, err, "nothing in it")

	file := filepath.Join(dir, "acme.rego")
	require.NoError(t, os.WriteFile(file, []byte("package acme"), 0o600))
	packed, version, err := fetch(t.Context(), "")
	require.NoError(t, err)
	files, err := archive.ReadTar(bytes.NewReader(packed), archive.DefaultLimits())
	require.NoError(t, err)
	require.Equal(t, "package acme", string(files["acme.rego"]))
	require.Equal(t, files.Digest(), version)

	require.NoError(t, os.Chtimes(file, time.Now(), time.Now().Add(-time.Hour)))
	packed, same, err := fetch(t.Context(), version)
	require.NoError(t, err)
	require.Nil(t, packed, "other times make no other bundle")
	require.Equal(t, version, same)

	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "data.json")))
	_, _, err = fetch(t.Context(), version)
	require.ErrorIs(t, err, archive.ErrUnsafe)

	require.NoError(t, os.RemoveAll(dir))
	_, _, err = fetch(t.Context(), version)
	require.ErrorIs(t, err, os.ErrNotExist, "a source that vanishes says so")
}
