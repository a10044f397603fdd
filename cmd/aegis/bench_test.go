package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/cmd/aegis/cli"
	"github.com/aegisworld/aegis/internal/app"
)

// TestBenchmarksAreVerbs holds that whatever can be measured can be asked for.
func TestBenchmarksAreVerbs(t *testing.T) {
	t.Parallel()
	for _, name := range app.BenchNames() {
		var out, faults bytes.Buffer
		code := cli.Run(t.Context(), []string{"bench", name, "--help"}, cli.Streams{Out: &out, Err: &faults}, func(string) string { return "" }, operations())
		require.Zero(t, code, faults.String())
		require.Contains(t, out.String(), "aegis bench "+name+" [flags]")
	}
}
