package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models/modeltest"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// topics are vectors that know what words have in common that are worded unlike.
func topics(texts []string) [][]float64 {
	vectors := make([][]float64, len(texts))
	for i, text := range texts {
		v := []float64{0.1, 0.1, 0.1, 0.1}
		for d, words := range [][]string{{"node", "server", "machine"}, {"bucket", "object", "storage"}, {"outage", "incident", "down"}} {
			for _, word := range words {
				v[d] += float64(strings.Count(text, word))
			}
		}
		vectors[i] = v
	}
	return vectors
}

// embedding is a control plane as far as it remembers, with a local server of
// embeddings.
type embedding struct {
	*control

	server *modeltest.Server
	conn   *pgx.Conn
}

func newEmbedding(t *testing.T, change func(c *ModelsConfig)) embedding {
	t.Helper()
	server := modeltest.Start()
	t.Cleanup(server.Close)
	server.Usually(modeltest.Step{Vectors: topics, Input: 7})
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte("sk-local\n"), 0o600))
	c := DefaultConfig()
	c.Models.Providers = []ModelProviderConfig{{Name: "local", Kind: "openai", BaseURL: server.URL("openai"), APIKeyFile: key}}
	price := &ModelPriceConfig{InputUSD: 100, Window: 8191}
	c.Models.Models = []ModelConfig{
		{Provider: "local", ID: "talker", Price: price},
		{Provider: "local", ID: "embedder", Kinds: []string{"embed"}, Price: price},
		{Provider: "local", ID: "spare", Kinds: []string{"embed"}, Price: price},
	}
	if change != nil {
		change(&c.Models)
	}
	require.NotContains(t, c.Validate().Error(), "models")
	url := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	log := slog.New(slog.DiscardHandler)
	db, err := postgres.Open(t.Context(), url, log)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	p := &control{config: c, log: log, db: db, hot: db, tracer: noop.NewTracerProvider()}
	require.NoError(t, p.wireModels())
	return embedding{p, server, conn}
}

func (e embedding) remember(t *testing.T, text string) {
	t.Helper()
	_, err := e.memories.Remember(t.Context(), aegis.Memory{
		AgentID: "planner", Kind: aegis.MemorySemantic, Text: text, Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromTool, Tool: "list_stacks"},
	})
	require.NoError(t, err)
}

func (e embedding) search(t *testing.T, text string) []string {
	t.Helper()
	found, _, err := e.memories.Search(t.Context(), memory.Query{AgentID: "planner", Text: text})
	require.NoError(t, err)
	texts := []string{}
	for _, m := range found {
		texts = append(texts, m.Text)
	}
	return texts
}

// embedders are the embedders of the memories, the oldest first.
func (e embedding) embedders(t *testing.T) []string {
	t.Helper()
	rows, err := e.conn.Query(t.Context(), `SELECT embedder FROM memory_vectors ORDER BY created_at`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

const (
	byModel = "local/embedder/4"
	byHash  = "hashed-384-v1"
)

func TestMemoriesAreEmbeddedByTheConfiguredModel(t *testing.T) {
	t.Parallel()
	e := newEmbedding(t, nil)
	e.remember(t, "Two more nodes took an hour, says ann@example.com")
	e.remember(t, "The bucket was emptied")
	require.Equal(t, []string{byModel, byModel}, e.embedders(t))
	require.Equal(t, "Two more nodes took an hour, says [email]", e.search(t, "adding machines, asks bob@example.com")[0], "there is no word in common")
	calls := e.server.Calls()
	require.Len(t, calls, 3)
	for i, text := range []string{"Two more nodes took an hour, says [email]", "The bucket was emptied", "adding machines, asks [email]"} {
		require.Equal(t, "embedder", calls[i].Model, "the first that names embed, and no other")
		require.Equal(t, []modeltest.Message{{Role: "user", Text: text}}, calls[i].Messages)
		require.Equal(t, "Bearer sk-local", calls[i].Header.Get("Authorization"))
	}
	accounts, err := e.ledger.Accounts(t.Context(), model.Account{GoalLimitMicros: model.NoLimit})
	require.NoError(t, err)
	require.Len(t, accounts, 2, "the day and the month")
	for _, a := range accounts {
		require.EqualValues(t, 3*700, a.SpentMicros, a.Scope)
		require.Zero(t, a.ReservedMicros, a.Scope)
	}
}

func TestMemoriesOutliveAnOutageOfTheModel(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	short := func(texts []string) [][]float64 { return topics(texts)[:len(texts)-1] }
	ragged := func(texts []string) [][]float64 {
		vectors := topics(texts)
		vectors[0] = append(vectors[0], 1)
		return vectors
	}
	zero := func(texts []string) [][]float64 { return make([][]float64, len(texts)) }
	for name, outage := range map[string]modeltest.Step{
		"the server rejects":     {Status: 400},
		"the server fails":       {Status: 503},
		"too many calls":         {Status: 429, RetryAfter: time.Hour},
		"no answer":              {Hold: never},
		"fewer vectors":          {Vectors: short},
		"vectors of more":        {Vectors: ragged},
		"vectors without number": {Vectors: zero},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmbedding(t, func(c *ModelsConfig) { c.Models[1].Timeout = 100 * time.Millisecond })
			e.remember(t, "Two more nodes took an hour")
			e.server.Usually(outage)
			e.remember(t, "The bucket was emptied")
			require.Equal(t, []string{byModel, byHash}, e.embedders(t))
			require.Equal(t, []string{"The bucket was emptied"}, e.search(t, "empty buckets"), "what the outage left is found")
			require.Contains(t, e.search(t, "nodes"), "Two more nodes took an hour", "by its words")
			require.NoError(t, e.compact(t))
			require.Equal(t, []string{byModel, byHash}, e.embedders(t))

			// The model comes back, to a process that knows nothing of how it was.
			e.server.Usually(modeltest.Step{Vectors: topics})
			require.NoError(t, e.wireModels())
			_, err := e.conn.Exec(t.Context(), `UPDATE memory_vectors SET embed_after = NULL`) // as after ten minutes
			require.NoError(t, err)
			require.NoError(t, e.compact(t))
			require.Equal(t, []string{byModel, byModel}, e.embedders(t))
			require.Equal(t, "The bucket was emptied", e.search(t, "storage")[0], "by its meaning")
			calls := len(e.server.Calls())
			require.NoError(t, e.compact(t))
			require.Len(t, e.server.Calls(), calls, "nothing is left to do")
		})
	}
}

func (e embedding) compact(t *testing.T) error {
	t.Helper()
	_, err := e.memories.Compact(t.Context())
	return err
}

func TestMemoriesWithoutMoneyForTheModel(t *testing.T) {
	t.Parallel()
	e := newEmbedding(t, func(c *ModelsConfig) { c.Limits.DayUSD = 0 })
	e.remember(t, "Two more nodes took an hour")
	require.Equal(t, []string{"Two more nodes took an hour"}, e.search(t, "nodes"))
	require.NoError(t, e.compact(t))
	require.Equal(t, []string{byHash}, e.embedders(t))
	require.Empty(t, e.server.Calls())
}

func TestMemoriesFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	e := newEmbedding(t, nil)
	e.remember(t, "Two more nodes took an hour")
	for _, c := range []struct {
		ids  []string
		want string
	}{{[]string{"spare", "embedder"}, "local/spare/4"}, {nil, byHash}, {[]string{"embedder"}, byModel}} {
		e.config.Models.Models = e.config.Models.Models[:1]
		for _, id := range c.ids {
			e.config.Models.Models = append(e.config.Models.Models, ModelConfig{
				Provider: "local", ID: id, Kinds: []string{"embed"}, Scopes: []string{"memory"}, Price: &ModelPriceConfig{Window: 512},
			})
		}
		require.NoError(t, e.wireModels())
		require.NoError(t, e.compact(t))
		require.Equal(t, []string{c.want}, e.embedders(t))
		require.Equal(t, []string{"Two more nodes took an hour"}, e.search(t, "more nodes"))
	}
}

func TestEmbeddingModelsConfig(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(m *ModelConfig){
		`models.models[1].kinds: providers of kind "anthropic" make no vectors`: func(m *ModelConfig) { m.Provider = "claude" },
		`models.models[1].scopes: a model that embeds has to see "memory"`:      func(m *ModelConfig) { m.Scopes = []string{"estate"} },
		"models.models[1].price.window: a model that embeds needs 512 tokens":   func(m *ModelConfig) { m.Price.Window = 511 },
	} {
		c := DefaultConfig()
		c.Models = goodModels()
		c.Models.Models[1].Kinds, c.Models.Models[1].Scopes = []string{"embed"}, []string{"estate", "memory"}
		require.NotContains(t, c.Validate().Error(), "models.models")
		change(&c.Models.Models[1])
		require.Contains(t, c.Validate().Error(), want)
	}
}
