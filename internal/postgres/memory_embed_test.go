package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/model"
)

// scarce is an embedder of 384 dimensions, as the hashed one, that counts what it
// embeds, and can be away.
type scarce struct {
	memory.Hashed

	name string
	away bool

	mu    sync.Mutex
	texts []string
}

func (s *scarce) Name() string { return s.name }

// Embed is the hashed embedding with another sign.
func (s *scarce) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, &model.CallError{Kind: model.ErrOverloaded, Unpaid: true}
	}
	s.texts = append(s.texts, texts...)
	vectors, err := s.Hashed.Embed(ctx, texts)
	for _, v := range vectors {
		for i := range v {
			v[i] = -v[i]
		}
	}
	return vectors, err
}

func (b memoryBackend) embedders(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	rows, err := b.conn.Query(t.Context(), `SELECT embedder FROM memory_vectors`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		counts[name]++
	}
	require.NoError(t, rows.Err())
	return counts
}

// embedWith gives a backend another embedder.
func (b memoryBackend) embedWith(e memory.Embedder) memoryBackend {
	b.Service = memory.New(memory.Config{Store: b.db, Now: func() time.Time { return *b.now }, Embedder: e})
	return b
}

func TestMemoriesFollowTheirEmbedder(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		hashed := memory.Hashed{}.Name()
		e := &scarce{name: "a/1"}
		b = b.embedWith(e)
		note := func(text string) { b.remember(t, aegis.Memory{Text: text}) }
		compact := func(want int) {
			t.Helper()
			done, err := b.Compact(t.Context())
			require.NoError(t, err)
			require.Equal(t, memory.Compacted{Embedded: want}, done)
		}
		nearest := func(text string) []memory.Hit {
			t.Helper()
			vectors, err := e.Embed(t.Context(), []string{text})
			require.NoError(t, err)
			found, err := b.db.FindMemories(t.Context(), memory.Filter{AgentID: "planner", AsOf: *b.now}, memory.Probe{Vector: vectors[0], Embedder: e.name, Window: 10})
			require.NoError(t, err)
			return found.Nearest
		}
		note("nodes of the runtime")
		require.Len(t, nearest("nodes of the runtime"), 1)

		e.away = true
		note("a bucket of backups")
		require.Equal(t, []string{"a bucket of backups"}, b.search(t, memory.Query{Text: "backups"}), "found in the outage")
		require.Contains(t, b.search(t, memory.Query{Text: "nodes"}), "nodes of the runtime", "by its words")
		require.Equal(t, map[string]int{"a/1": 1, hashed: 1}, b.embedders(t))
		compact(0)

		e.away = false
		require.Len(t, nearest("a bucket of backups"), 1, "not yet by meaning")
		compact(0) // somebody may be at it
		*b.now = b.now.Add(11 * time.Minute)
		compact(1)
		require.Equal(t, map[string]int{"a/1": 2}, b.embedders(t))
		hits := nearest("a bucket of backups")
		require.Len(t, hits, 2)
		require.InDelta(t, 1, hits[0].Similarity, 1e-5)
		compact(0)

		e = &scarce{name: "b/1"}
		b = b.embedWith(e)
		compact(2)
		require.Equal(t, map[string]int{"b/1": 2}, b.embedders(t))
		b = b.embedWith(nil)
		compact(2)
		require.Equal(t, map[string]int{hashed: 2}, b.embedders(t), "without a model the memories stay, too")
		var unsigned int
		require.NoError(t, b.conn.QueryRow(t.Context(), `SELECT count(*) FROM memory_vectors WHERE signs IS NULL`).Scan(&unsigned))
		require.Zero(t, unsigned)
	})
}

// TestEmbeddingAnewIsShared has several processes give the memories of an old
// embedder their vectors: each is embedded by one, in bounded steps.
func TestEmbeddingAnewIsShared(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		const many = 2500
		var entries []memory.Entry
		for i := range many {
			text := fmt.Sprintf("memory number %d", i)
			entries = append(entries, memory.Entry{Memory: semantic("planner", fmt.Sprintf("mem-%06d", i), text), Vector: []float32{1, 0}, Embedder: "old"})
		}
		require.NoError(t, b.db.SaveMemories(t.Context(), entries))
		e := &scarce{name: "new"}
		var all sync.WaitGroup
		counts := make([]memory.Compacted, 2)
		errs := make([]error, len(counts))
		for i := range counts {
			all.Go(func() { counts[i], errs[i] = b.embedWith(e).Compact(t.Context()) })
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, memory.Compacted{Embedded: 1024}, counts[0])
		require.Equal(t, memory.Compacted{Embedded: 1024}, counts[1])
		require.Equal(t, map[string]int{"new": 2048, "old": many - 2048}, b.embedders(t))
		done, err := b.embedWith(e).Compact(t.Context())
		require.NoError(t, err)
		require.Equal(t, many-2048, done.Embedded)
		require.Equal(t, map[string]int{"new": many}, b.embedders(t))
		once := map[string]bool{}
		for _, text := range e.texts {
			require.False(t, once[text], text)
			once[text] = true
		}
	})
}
