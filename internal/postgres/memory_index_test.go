package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// semantic is an hour-old memory that a tool left.
func semantic(agent, id, text string) aegis.Memory {
	return aegis.Memory{
		MemoryID: id, AgentID: agent, Kind: aegis.MemorySemantic, Text: text, CreatedAt: time.Now().Add(-time.Hour),
		Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromTool, Tool: "x"},
	}
}

// crowd saves so many memories of an agent with vectors of a few directions.
func crowd(t *testing.T, db *postgres.DB, agent string, from, n int) {
	t.Helper()
	draw := rand.New(rand.NewPCG(uint64(from), 7))
	for i := from; i < from+n; i++ {
		require.NoError(t, db.SaveMemory(t.Context(), memory.Entry{
			Memory: semantic(agent, fmt.Sprintf("mem-%06d", i), fmt.Sprintf("memory number %d", i)),
			Vector: direction(draw), Embedder: "test",
		}))
	}
}

func direction(draw *rand.Rand) []float32 {
	v := make([]float32, 384)
	center := draw.IntN(12)
	v[center] = 0.8
	for range 12 {
		v[12+draw.IntN(372)] += 0.17
	}
	return v
}

// TestMemorySearchesAgree holds the two ways of searching against each other, on
// one database: what pgvector finds is what an exact search finds.
func TestMemorySearchesAgree(t *testing.T) {
	t.Parallel()
	address := pgtest.New(t)
	conn := connect(t, address)
	indexed, exact := openURL(t, address), openURL(t, address)
	exact.ExactMemories = true
	crowd(t, indexed, "planner", 0, 1200)
	crowd(t, indexed, "critic", 5000, 30)
	var kept bool
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT to_regclass('memory_vectors_hnsw') IS NOT NULL`).Scan(&kept))
	require.Equal(t, hasVector(t, conn), kept, "there is an index where there is pgvector")

	draw := rand.New(rand.NewPCG(3, 4))
	same, all := 0, 0
	for range 20 {
		v := direction(draw)
		for agent, many := range map[string]int{"planner": 10, "critic": 10} {
			f := memory.Filter{AgentID: agent, AsOf: time.Now()}
			p := memory.Probe{Vector: v, Embedder: "test", Window: 50}
			a, err := indexed.FindMemories(t.Context(), f, p)
			require.NoError(t, err)
			b, err := exact.FindMemories(t.Context(), f, p)
			require.NoError(t, err)
			require.Len(t, a.Nearest, len(b.Nearest))
			worst := b.Nearest[many-1].Similarity
			for _, hit := range a.Nearest[:many] {
				all++
				if hit.Similarity >= worst {
					same++
				}
			}
		}
	}
	require.GreaterOrEqual(t, float64(same)/float64(all), 0.95)
}

func TestMemoriesOfAnotherEmbedderAreNotCompared(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	crowd(t, db, "planner", 0, 3)
	short := memory.Probe{Vector: []float32{1, 0}, Embedder: "short", Window: 10}
	require.NoError(t, db.SaveMemory(t.Context(), memory.Entry{
		Memory: semantic("planner", "mem-short", "short"),
		Vector: short.Vector, Embedder: "short",
	}))
	found, err := db.FindMemories(t.Context(), memory.Filter{AgentID: "planner", AsOf: time.Now()}, short)
	require.NoError(t, err)
	require.Len(t, found.Nearest, 1)
	require.Equal(t, "mem-short", found.Nearest[0].MemoryID)
	require.InDelta(t, 1, found.Nearest[0].Similarity, 1e-6)
}

// TestMemoryIndexIsMadeOnce has several processes migrate at once, over memories
// that are there already.
func TestMemoryIndexIsMadeOnce(t *testing.T) {
	t.Parallel()
	address := pgtest.New(t)
	conn := connect(t, address)
	before := openURL(t, address)
	before.ExactMemories = true
	crowd(t, before, "planner", 0, 700)
	forget := func() { // as a version that knows no signs left it
		_, err := conn.Exec(t.Context(), `UPDATE memory_vectors SET signs = NULL`)
		require.NoError(t, err)
	}
	forget()
	_, err := conn.Exec(t.Context(), `DROP INDEX IF EXISTS memory_vectors_hnsw`)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 3 {
		db := openURL(t, address)
		all.Go(func() {
			if err := db.Migrate(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	signed := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(signs) FROM memory_vectors`).Scan(&n))
		return n
	}
	require.Equal(t, 700, signed())
	var kept bool
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT to_regclass('memory_vectors_hnsw') IS NOT NULL`).Scan(&kept))
	require.Equal(t, hasVector(t, conn), kept)
	forget()
	_, err = memory.New(memory.Config{Store: before}).Compact(t.Context())
	require.NoError(t, err)
	require.Equal(t, 700, signed(), "healed")
}

// TestMemoriesWithoutTheRightToExtend is a database whose owner may not create
// extensions: all works, exactly.
func TestMemoriesWithoutTheRightToExtend(t *testing.T) {
	t.Parallel()
	address := pgtest.Empty(t)
	admin := connect(t, address)
	role := "plain_" + aegis.NewID("r", time.Now())[2:]
	for _, sql := range []string{
		`CREATE ROLE ` + role + ` LOGIN PASSWORD 'x'`, `GRANT ALL ON SCHEMA public TO ` + role,
	} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, err := admin.Exec(ctx, `DROP OWNED BY `+role+` CASCADE`)
		require.NoError(t, err)
		_, err = admin.Exec(ctx, `DROP ROLE `+role)
		require.NoError(t, err)
	})
	db, err := postgres.Open(t.Context(), asRole(t, address, role), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.NoError(t, db.Migrate(t.Context()))
	var indexed bool
	require.NoError(t, admin.QueryRow(t.Context(), `SELECT to_regclass('memory_vectors_hnsw') IS NOT NULL`).Scan(&indexed))
	require.False(t, indexed)
	crowd(t, db, "planner", 0, 3)
	found, err := db.FindMemories(t.Context(), memory.Filter{AgentID: "planner", AsOf: time.Now()}, memory.Probe{Text: "memory", Window: 10})
	require.NoError(t, err)
	require.Len(t, found.Matching, 3)
}

// asRole is the URL as another role, whose password is "x".
func asRole(t *testing.T, database, role string) string {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "x")
	return u.String()
}
