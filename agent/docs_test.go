package agent_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent"
)

func TestDocsListEveryIntent(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/goals.md")
	require.NoError(t, err)
	for _, in := range agent.Intents() {
		require.Contains(t, string(page), "| `"+in.Name+"` | "+in.Summary+" |")
		for _, example := range in.Examples {
			require.Contains(t, string(page), "`"+example+"`")
		}
	}
	for _, example := range agent.Constraints() {
		require.Contains(t, string(page), "- `"+example+"`")
	}
}
