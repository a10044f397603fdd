package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

func resourceType(token string) tokens.Type { return tokens.Type(token) }

// checkConfig asks a new instance whether a configuration is good.
func checkConfig(t *testing.T, b *bridge, config map[string]any) (*pulumirpc.CheckResponse, error) {
	t.Helper()
	served, err := b.instance(t.Context(), nil)
	require.NoError(t, err)
	return served.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
		Urn:  string(resource.NewURN("test", "aegis", "", "pulumi:providers:aws", "eu")),
		News: encode(t, config),
	})
}

func TestAnswersAreRemembered(t *testing.T) {
	t.Parallel()
	first := newBridge(t)
	config := map[string]any{"region": "eu-west-1", "skipMetadataApiCheck": "true"}
	_, err := checkConfig(t, first, config)
	require.NoError(t, err)

	// A later process has the cache; its provider cannot even start.
	later := &bridge{processes: newPool("/nonexistent"), cache: first.cache, upgraded: newUpgrades()}
	t.Run("the schema and a configuration that was good", func(t *testing.T) {
		t.Parallel()
		response, err := checkConfig(t, later, config)
		require.NoError(t, err)
		require.Empty(t, response.GetFailures())
	})
	t.Run("but no other configuration", func(t *testing.T) {
		t.Parallel()
		_, err := checkConfig(t, later, map[string]any{"region": "eu-west-2"})
		require.ErrorContains(t, err, "/nonexistent")
	})
}

func TestFaultyConfigurationIsNotRemembered(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	for range 2 {
		response, err := checkConfig(t, b, map[string]any{"region": "eu-west-1", "assumeRole": map[string]any{"roleArn": "no ARN"}})
		if err == nil {
			require.NotEmpty(t, response.GetFailures())
		}
	}
	remembered, err := filepath.Glob(filepath.Join(b.cache.dir, "prepared-*"))
	require.NoError(t, err)
	require.Empty(t, remembered)
}

func TestCache(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "provider")
	require.NoError(t, os.WriteFile(binary, []byte("1"), 0o600))
	dir := t.TempDir()
	kept, err := openCache(dir, binary)
	require.NoError(t, err)
	kept.put("kind", []byte("secret question"), []byte("answer"))

	answer, ok := kept.get("kind", []byte("secret question"))
	require.True(t, ok)
	require.Equal(t, "answer", string(answer))
	_, ok = kept.get("other", []byte("secret question"))
	require.False(t, ok)

	require.NoError(t, os.WriteFile(binary, []byte("another build"), 0o600))
	replaced, err := openCache(dir, binary)
	require.NoError(t, err)
	_, ok = replaced.get("kind", []byte("secret question"))
	require.False(t, ok, "another provider answers for itself")

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NotContains(t, files[0].Name(), "secret")
}
