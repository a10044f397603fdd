package e2e_test

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/models"
)

// TestChaos kills the process once in every phase, and while goals are carried out that
// models of each protocol read; `aegis bench chaos --n 20` is the longer run.
func TestChaos(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(within(t), binary(), "bench", "chaos", "--n", "1").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Log(string(out))
	for kind, kills := range map[string]int{models.OpenAI: 5, models.Anthropic: 1, models.Bedrock: 1} {
		require.Regexp(t, fmt.Sprintf(`(?m)^%s +%d .* true `, kind, kills), string(out), "a goal that it read came to what was previewed")
	}
}
