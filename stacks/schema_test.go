package stacks_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/stacks"
)

// Run with AEGIS_UPDATE=1 to write the published schemas anew.
func TestSchemasArePublished(t *testing.T) {
	t.Parallel()
	for _, layer := range stacks.Layers() {
		t.Run("publishes the schema of "+layer, func(t *testing.T) {
			t.Parallel()
			schema, err := stacks.Schema(layer)
			require.NoError(t, err)
			file := filepath.Join("schemas", layer+".schema.json")
			if os.Getenv("AEGIS_UPDATE") != "" {
				require.NoError(t, os.WriteFile(file, schema, 0o600))
			}
			published, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(published), string(schema))
		})
	}
}

func TestSchemaOfUnknownLayer(t *testing.T) {
	t.Parallel()
	_, err := stacks.Schema("moon")
	require.ErrorContains(t, err, `layer: "moon" is not one of`)
}
