package app

import (
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models/modeltest"
	"github.com/aegisworld/aegis/internal/pgtest"
)

// goodModels is a configuration of all three kinds.
func goodModels() ModelsConfig {
	c := defaultModels()
	c.Providers = []ModelProviderConfig{
		{Name: "claude", Kind: "anthropic", APIKeyFile: "/run/secrets/claude"},
		{Name: "local", Kind: "openai", BaseURL: "http://10.0.0.7:8000/v1"},
		{Name: "bedrock", Kind: "bedrock", Region: "eu-west-1"},
	}
	c.Models = []ModelConfig{
		{Provider: "claude", ID: "claude-sonnet-4-5", Kinds: []string{"understand"}, RPM: 60, Timeout: time.Minute},
		{Provider: "local", ID: "qwen", Scopes: []string{"secret"}, Price: &ModelPriceConfig{Window: 32_000}},
		{Provider: "bedrock", ID: "amazon.nova-pro-v1:0"},
	}
	return c
}

func TestModelsConfig(t *testing.T) {
	t.Parallel()
	faults := func(c ModelsConfig) string {
		full := DefaultConfig()
		full.Models = c
		return full.Validate().Error()
	}
	require.NotContains(t, faults(goodModels()), "models")
	require.NotContains(t, faults(defaultModels()), "models")
	for want, change := range map[string]func(c *ModelsConfig){
		"models.providers[0].name: ":                          func(c *ModelsConfig) { c.Providers[0].Name = "No" },
		`models.providers[1].name: "claude" is there twice`:   func(c *ModelsConfig) { c.Providers[1].Name = "claude" },
		`models.providers[0].kind: "gemini" is none of`:       func(c *ModelsConfig) { c.Providers[0].Kind = "gemini" },
		"models.providers[0].api_key_file: missing":           func(c *ModelsConfig) { c.Providers[0].APIKeyFile = "" },
		"models.providers[1].api_key_file: missing":           func(c *ModelsConfig) { c.Providers[1].BaseURL = "" },
		"models.providers[1].base_url: not an http":           func(c *ModelsConfig) { c.Providers[1].BaseURL = "https://u:hunter2@x/" },
		"models.providers[1].base_url: an API key goes":       func(c *ModelsConfig) { c.Providers[1].APIKeyFile = "/key" },
		`models.providers[2].region: "mars" is no AWS region`: func(c *ModelsConfig) { c.Providers[2].Region = "mars" },
		"models.providers[0].region: only bedrock":            func(c *ModelsConfig) { c.Providers[0].Region = "eu-west-1" },
		`models.models[0].provider: "x" is none of`:           func(c *ModelsConfig) { c.Models[0].Provider = "x" },
		"models.models[0].id: name the model":                 func(c *ModelsConfig) { c.Models[0].ID = "" },
		`models.models[3].id: "qwen" of "local" is there`:     func(c *ModelsConfig) { c.Models = append(c.Models, c.Models[1]) },
		`models.models[1].price: "qwen" is not in the price`:  func(c *ModelsConfig) { c.Models[1].Price = nil },
		"models.models[1].price: input_usd":                   func(c *ModelsConfig) { c.Models[1].Price.InputUSD = math.NaN() },
		"models.models[1].price.window: give":                 func(c *ModelsConfig) { c.Models[1].Price.Window = 0 },
		"models.models[0].rpm: -1 is negative":                func(c *ModelsConfig) { c.Models[0].RPM = -1 },
		"models.models[0].timeout: 1h0m0s is not between":     func(c *ModelsConfig) { c.Models[0].Timeout = time.Hour },
		"models.models[0].kinds: a kind is empty":             func(c *ModelsConfig) { c.Models[0].Kinds = []string{""} },
		"models.models[0].scopes: a scope is empty":           func(c *ModelsConfig) { c.Models[0].Scopes = []string{""} },
		"models.limits.day_usd: NaN is no amount":             func(c *ModelsConfig) { c.Limits.DayUSD = math.NaN() },
	} {
		c := goodModels()
		change(&c)
		found := faults(c)
		require.Contains(t, found, want)
		require.NotContains(t, found, "hunter2")
	}
}

func TestModelsFromYAML(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "aegis.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
models:
  providers:
    - {name: claude, kind: anthropic, api_key_file: /run/secrets/claude}
  models:
    - {provider: claude, id: claude-sonnet-4-5, kinds: [understand], timeout: 30s}
    - {provider: claude, id: house-model, price: {input_usd: 1, output_usd: 2, window: 8000}}
  limits: {goal_usd: 2.5, month_usd: -1}
`), 0o600))
	c, err := LoadConfig(path, func(string) string { return "" })
	require.NoError(t, err)
	require.Equal(t, 30*time.Second, c.Models.Models[0].Timeout)
	require.Equal(t, model.Limits{GoalMicros: 2_500_000, SubmitterMicros: 100_000_000, DayMicros: 50_000_000, MonthMicros: model.NoLimit}, c.Models.Limits.limits())
	require.Equal(t, 2*time.Minute, c.Models.holdFor())
}

func TestModelRouter(t *testing.T) {
	t.Parallel()
	t.Run("is none without models", func(t *testing.T) {
		t.Parallel()
		router, err := defaultModels().router(modelParts{})
		require.NoError(t, err)
		require.Nil(t, router)
	})

	t.Run("answers, and charges the ledger in the database", func(t *testing.T) {
		t.Parallel()
		server := modeltest.Start()
		t.Cleanup(server.Close)
		server.Usually(modeltest.Step{Text: "here", Input: 1000, Output: 100})
		key := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(key, []byte("sk-local\n"), 0o600))
		c := defaultModels()
		c.Providers = []ModelProviderConfig{{Name: "local", Kind: "openai", BaseURL: server.URL("openai"), APIKeyFile: key}}
		c.Models = []ModelConfig{{Provider: "local", ID: "m", Price: &ModelPriceConfig{InputUSD: 3, OutputUSD: 15, Window: 100_000}}}
		full := DefaultConfig()
		full.Models = c
		require.NotContains(t, full.Validate().Error(), "models")
		ledger := pgtest.Open(t).ModelLedger(c.Limits.limits(), c.holdFor(), time.Now)
		router, err := c.router(modelParts{ledger: ledger, logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		account := model.Account{Goal: "goal-1", GoalLimitMicros: model.NoLimit, Submitter: "ann"}
		response, err := router.Complete(t.Context(), model.Request{
			Kind: model.KindSummarise, MaxTokens: 200, Messages: []model.Message{{Role: model.RoleUser, Text: "hello"}},
		}, account)
		require.NoError(t, err)
		require.Equal(t, "here", response.Text)
		require.EqualValues(t, 4500, response.CostMicros)
		require.Equal(t, "Bearer sk-local", server.Calls()[0].Header.Get("Authorization"))
		accounts, err := ledger.Accounts(t.Context(), account)
		require.NoError(t, err)
		require.Len(t, accounts, 4)
		for _, a := range accounts {
			require.EqualValues(t, 4500, a.SpentMicros, a.Scope)
			require.Zero(t, a.ReservedMicros, a.Scope)
		}
	})
}

func TestAPIKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	_, err := apiKey(path)
	require.ErrorContains(t, err, path)
	for text, good := range map[string]bool{"sk-1\n": true, "": false, "two words": false, "sk-\x00": false} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		key, err := apiKey(path)
		if good {
			require.NoError(t, err)
			require.Equal(t, "sk-1", key)
			continue
		}
		require.ErrorContains(t, err, "one line of printable characters")
		if text != "" {
			require.NotContains(t, err.Error(), text)
		}
	}
}
