package memory_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/model"
)

// failing has an embedder's model fail with an error.
func failing(err error) func(context.Context, []string) (string, error) {
	return func(context.Context, []string) (string, error) { return "", err }
}

func remembering(t *testing.T, o *oracle) (*memory.Service, *fakeStore) {
	t.Helper()
	store := &fakeStore{}
	return memory.New(memory.Config{Store: store, Now: epoch, Embedder: asked(t, o, 8191)}), store
}

func TestMemoriesOutliveTheirModel(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(context.Context, []string) (string, error){
		"fails":          failing(&model.CallError{Kind: model.ErrRejected}),
		"refuses":        failing(&model.CallError{Kind: model.ErrRefused}),
		"counts wrongly": says(`[]`),
		"says nothing":   says(`[[0,0]]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &oracle{answer: lengths(2)}
			s, store := remembering(t, o)
			_, err := s.Remember(t.Context(), newMemory("one"))
			require.NoError(t, err)
			require.Equal(t, "vendor/m/2", store.saved[0].Embedder)
			require.Len(t, store.saved[0].Vector, 2)

			o.answer = answer
			_, err = s.Remember(t.Context(), newMemory("ten nodes"))
			require.NoError(t, err)
			require.Equal(t, memory.Hashed{}.Name(), store.saved[1].Embedder)
			require.Equal(t, embed(t, "ten nodes")[0], store.saved[1].Vector)
			_, _, err = s.Search(t.Context(), memory.Query{AgentID: "planner", Text: "nodes"})
			require.NoError(t, err)
			require.Equal(t, memory.Hashed{}.Name(), store.probe.Embedder)
			require.Equal(t, embed(t, "nodes")[0], store.probe.Vector)

			o.answer = lengths(2)
			_, _, err = s.Search(t.Context(), memory.Query{AgentID: "planner", Text: "nodes"})
			require.NoError(t, err)
			require.Equal(t, "vendor/m/2", store.probe.Embedder)
		})
	}
}

func TestModelsSeeScrubbedTextsOnly(t *testing.T) {
	t.Parallel()
	o := &oracle{answer: lengths(2)}
	s, store := remembering(t, o)
	_, err := s.Remember(t.Context(), newMemory("ann@example.com set password=hunter2"))
	require.NoError(t, err)
	_, _, err = s.Search(t.Context(), memory.Query{AgentID: "planner", Text: "password=hunter2"})
	require.NoError(t, err)
	_, err = s.Compact(t.Context())
	require.NoError(t, err)
	require.Len(t, store.embed(t.Context(), []string{"an old password=hunter2"}), 1)
	_, err = store.merge(t.Context(), []aegis.Memory{newMemory("bob@example.com said so")})
	require.NoError(t, err)
	require.Len(t, o.calls(), 4)
	for _, texts := range o.calls() {
		require.NotRegexp(t, `hunter2|example\.com`, texts[0])
	}
}

func TestCompactionEmbedsAnew(t *testing.T) {
	t.Parallel()
	compact := func(t *testing.T, s *memory.Service, store *fakeStore) func(...string) [][]float32 {
		t.Helper()
		_, err := s.Compact(t.Context())
		require.NoError(t, err)
		return func(texts ...string) [][]float32 { return store.embed(t.Context(), texts) }
	}
	t.Run("with the hashed embedding, too", func(t *testing.T) {
		t.Parallel()
		store := &fakeStore{}
		again := compact(t, service(store), store)
		require.Equal(t, memory.Hashed{}.Name(), store.embedder)
		require.Equal(t, [][]float32{embed(t, "nodes")[0], nil}, again("nodes", "???"))
	})
	t.Run("not before the model has answered", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: failing(&model.CallError{Kind: model.ErrRejected})}
		s, store := remembering(t, o)
		_, err := s.Compact(t.Context())
		require.NoError(t, err, "the rest of the compaction is done")
		require.Empty(t, store.embedder)
		o.answer = lengths(2)
		compact(t, s, store)
		require.Equal(t, "vendor/m/2", store.embedder)
	})
	t.Run("all but the texts that the model refuses", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: lengths(2)}
		s, store := remembering(t, o)
		again := compact(t, s, store)
		o.answer = func(ctx context.Context, texts []string) (string, error) {
			if slices.Contains(texts, "poison") {
				return "", &model.CallError{Kind: model.ErrRejected, Unpaid: true}
			}
			return lengths(2)(ctx, texts)
		}
		texts := slices.Repeat([]string{"fine"}, 64)
		texts[37] = "poison"
		for i, v := range again(texts...) {
			require.Equal(t, i == 37, v == nil, strconv.Itoa(i))
		}
		require.Less(t, len(o.calls()), 20)
	})
	t.Run("with a few calls of a model that answers nonsense", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: lengths(2)}
		s, store := remembering(t, o)
		again := compact(t, s, store)
		o.answer = says(`[[1]]`)
		before := len(o.calls())
		for range 3 {
			vectors := again(strings.Split(strings.Repeat("x ", 63)+"x", " ")...)
			require.Equal(t, make([][]float32, 64), vectors)
		}
		require.Equal(t, 16, len(o.calls())-before)
	})
	t.Run("for half a minute", func(t *testing.T) {
		t.Parallel()
		now, store := epoch(), &fakeStore{}
		s := memory.New(memory.Config{Store: store, Now: func() time.Time { return now }})
		again := compact(t, s, store)
		now = now.Add(29 * time.Second)
		require.NotNil(t, again("nodes")[0])
		now = now.Add(time.Second)
		require.Nil(t, again("nodes")[0])
	})
	t.Run("not when the model or the money is gone", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: lengths(2)}
		s, store := remembering(t, o)
		again := compact(t, s, store)
		calls := len(o.calls())
		o.limit = 1
		require.Equal(t, [][]float32{nil, nil}, again("a", "b"))
		o.limit = 1_000_000
		require.Equal(t, [][]float32{nil, nil}, again("a", "b"), "the next compaction does")
		require.Len(t, o.calls(), calls)
		require.Len(t, compact(t, s, store)("a", "b")[1], 2)
	})
}

func TestCancelledCallsKeepNothing(t *testing.T) {
	t.Parallel()
	o := &oracle{answer: failing(errors.New("gone"))}
	s, store := remembering(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Remember(ctx, newMemory("x"))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, store.saved)
}
