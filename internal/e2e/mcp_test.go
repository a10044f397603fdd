package e2e_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// bearer adds the estate's token to each request.
type bearer struct{}

func (bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+estate.Token)
	return http.DefaultTransport.RoundTrip(r)
}

func TestAnAssistantAsksByMCP(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	command := exec.CommandContext(ctx, binary(), "mcp")
	command.Env = env("AEGIS_URL="+estate.URL, "AEGIS_TOKEN="+estate.Token)
	for _, c := range []struct {
		name, intent string
		transport    mcp.Transport
	}{
		{"stdio", "keep CPU at 55 % in us-east-1", &mcp.CommandTransport{Command: command}},
		{"http", "keep CPU at 60 % in us-east-1", &mcp.StreamableClientTransport{Endpoint: estate.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer{}}}},
	} {
		session, err := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, nil).Connect(ctx, c.transport, nil)
		require.NoError(t, err, c.name)
		call := func(tool string, arguments, out any) {
			result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
			require.NoError(t, err, c.name)
			content, ok := result.Content[0].(*mcp.TextContent)
			require.True(t, ok)
			require.False(t, result.IsError, content.Text)
			require.NoError(t, json.Unmarshal([]byte(content.Text), out))
		}
		var simulation aegis.Simulation
		call("simulate", map[string]any{"intent": c.intent}, &simulation)
		require.Equal(t, 1, simulation.Evaluated)
		var goal aegis.Goal
		call("submit_goal", map[string]any{"intent": c.intent}, &goal)
		var seen struct {
			Goal       aegis.Goal                  `json:"goal"`
			ChangeSets []aegis.AutonomousChangeSet `json:"change_sets"`
		}
		call("wait_for_goal", map[string]any{"id": goal.GoalID, "seconds": 600}, &seen)
		require.Equal(t, aegis.GoalSucceeded, seen.Goal.State, seen.Goal.Error)
		require.Equal(t, aegis.StatePromoted, seen.ChangeSets[0].PromotionState)
		require.NoError(t, session.Close())
	}
}
