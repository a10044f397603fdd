package e2e_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChaos kills the process once in every phase; `aegis bench chaos --n 20`
// is the longer run.
func TestChaos(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(within(t), binary(), "bench", "chaos", "--n", "1").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Log(string(out))
}
