package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/engine"
)

func TestTerraformLooksWhenAWorkspaceChanged(t *testing.T) {
	t.Parallel()
	seen := &looks{paths: map[string][]engine.LookPath{}}
	y := newYard(t, func(c *engine.Config) { c.Looked = seen.add })
	run := y.workspace(t, map[string]string{"main.tf": "resource \"terraform_data\" \"a\" { input = 1 }\n"})
	y.apply(t, &run)
	run.Policy, run.FencingToken, run.ChangeSetID = nil, 0, ""
	look := func() engine.LookPath {
		_, err := y.engines.Refresh(t.Context(), run)
		require.NoError(t, err)
		paths := seen.take(run.Stack.StackID)
		require.Len(t, paths, 1)
		return paths[0]
	}
	require.Equal(t, engine.LookEngine, look(), "Terraform has to look first")
	require.Equal(t, engine.LookWarm, look())
	added := filepath.Join(run.Stack.Source.Path, "more.txt")
	require.NoError(t, os.WriteFile(added, []byte("x"), 0o600))
	require.Equal(t, engine.LookEngine, look(), "a file may be read by the configuration")
	require.Equal(t, engine.LookWarm, look())

	require.NoError(t, os.WriteFile(added+".tf", []byte("resource {"), 0o600))
	_, err := y.engines.Refresh(t.Context(), run)
	require.Error(t, err, "a broken configuration is unknown, whatever was seen before")
}
