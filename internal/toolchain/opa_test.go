package toolchain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOPAIsBuiltOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	folder := opaModule().folder(f.machine)
	f.write(t, filepath.Join(folder, "go.mod"), "module opa")
	f.write(t, filepath.Join(folder, "go.sum"), "")
	_, err := f.opa(t.Context(), quiet)
	require.ErrorContains(t, err, "no go on PATH")

	f.compiler(t)
	path, err := f.opa(t.Context(), quiet)
	require.NoError(t, err)
	require.True(t, isExecutable(path))

	require.NoError(t, os.Remove(filepath.Join(f.path, "go")))
	_, err = f.opa(t.Context(), quiet)
	require.NoError(t, err, "nothing is built again")

	f.write(t, filepath.Join(folder, "go.mod"), "module opa // of another version")
	_, err = f.opa(t.Context(), quiet)
	require.ErrorContains(t, err, "no go on PATH", "another version is")
}
