package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
)

// TestModelsReadGoals has a server ask three models, one by each protocol: two
// fail, and the third's words are kept with the goal, which they can't widen.
func TestModelsReadGoals(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	server := modeltest.Start()
	t.Cleanup(server.Close)
	dir := t.TempDir()
	key := secretFile(t, dir, "key", "sk-test-0123456789")
	price := func(input int) map[string]any {
		return map[string]any{"input_usd": input, "output_usd": input, "window": 100000}
	}
	token := "aegis_" + strings.Repeat("9c1d", 16)
	c := client.New(serve(ctx, t, estate.Process, "models", token, map[string]any{
		"aws": map[string]any{"account_id": "123456789012", "endpoint": estate.AWSEndpoint},
		"models": map[string]any{
			"providers": []any{
				map[string]any{"name": "claude", "kind": models.Anthropic, "base_url": server.URL(models.Anthropic), "api_key_file": key},
				map[string]any{"name": "gpt", "kind": models.OpenAI, "base_url": server.URL(models.OpenAI), "api_key_file": key},
				map[string]any{"name": "aws", "kind": models.Bedrock, "base_url": server.URL(models.Bedrock), "region": "eu-west-1"},
			},
			"models": []any{
				map[string]any{"provider": "claude", "id": "first", "price": price(1)},
				map[string]any{"provider": "gpt", "id": "second", "price": price(2)},
				map[string]any{"provider": "aws", "id": "third", "price": price(3)},
			},
			"limits": map[string]any{"goal_usd": 1, "submitter_usd": 10, "day_usd": 10, "month_usd": 10},
		},
	}), token)
	require.NoError(t, e2e.Await(ctx, "the server to be ready", func(ctx context.Context) (bool, error) {
		list, err := c.Models(ctx, aegis.Page{})
		return err == nil && len(list.Items) == 3, nil
	}))
	server.Script("first", modeltest.Step{Status: http.StatusBadRequest})
	server.Script("second", modeltest.Step{Refuse: true})
	server.Script("third", modeltest.Step{Text: `{"sentences":["scale the runtime to 4 nodes in eu-west-1"],"unclear":""}`})

	goal, err := c.CreateGoal(ctx, aegis.GoalSpec{Intent: "four of those whirring things ought to hum in Ireland whenever the weather turns"})
	require.NoError(t, err)
	goal, err = e2e.AwaitGoal(ctx, c, goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, "third", strings.TrimPrefix(goal.Plan.Reading.Model, "aws/"), goal.Plan.Reading.Fault)
	require.Equal(t, []string{"scale the runtime to 4 nodes in eu-west-1"}, goal.Plan.Reading.Sentences)
	require.Positive(t, goal.Plan.Reading.CostUSD)
	require.Contains(t, goal.Error, "there is no stack of layer runtime in eu-west-1", "it was planned, and there is no estate")
	trace, err := c.Trace(ctx, goal.TraceID)
	require.NoError(t, err)
	require.Equal(t, 1, trace.ModelCalls)
	require.InDelta(t, goal.Plan.Reading.CostUSD, trace.TokenCost, 1e-9)
	for _, call := range server.Calls() {
		require.NotContains(t, call.System, "whirring", "a goal is data")
	}
}
