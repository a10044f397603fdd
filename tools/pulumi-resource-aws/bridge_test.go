package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// newBridge makes a bridge with a cache of its own, whose processes end with
// the test.
func newBridge(t *testing.T) *bridge {
	t.Helper()
	binary := providerBinary(t)
	kept, err := openCache(t.TempDir(), binary)
	require.NoError(t, err)
	processes := newPool(binary)
	t.Cleanup(processes.close)
	return &bridge{processes: processes, cache: kept, upgraded: newUpgrades()}
}

// providerBinary is the provider that `make setup` found.
func providerBinary(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("../../.aegis/bin/terraform-provider-aws*")
	require.NoError(t, err)
	require.NotEmpty(t, found, "run `make setup` first")
	path, err := filepath.Abs(found[0])
	require.NoError(t, err)
	return path
}
