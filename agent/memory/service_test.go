package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

// fakeStore keeps what it is given and finds what it is told. The real one is
// tested in internal/postgres.
type fakeStore struct {
	saved  []memory.Entry
	found  memory.Found
	filter memory.Filter
	probe  memory.Probe
	merge  func(context.Context, []aegis.Memory) (memory.Entry, error)
	// embedder and embed are those of the newest compaction.
	embedder string
	embed    func(context.Context, []string) [][]float32
}

func (s *fakeStore) SaveMemory(_ context.Context, e memory.Entry) error {
	s.saved = append(s.saved, e)
	return nil
}

func (s *fakeStore) ListMemories(_ context.Context, f memory.Filter, _ aegis.Page) ([]aegis.Memory, string, error) {
	s.filter = f
	return nil, "", nil
}

func (s *fakeStore) FindMemories(_ context.Context, f memory.Filter, p memory.Probe) (memory.Found, error) {
	s.filter, s.probe = f, p
	return s.found, nil
}

func (s *fakeStore) ReadMemories(_ context.Context, _ memory.Filter, ids []string) ([]aegis.Memory, error) {
	var out []aegis.Memory
	for i := range ids { // in another order
		out = append(out, aegis.Memory{MemoryID: ids[len(ids)-1-i]})
	}
	return out, nil
}

func (s *fakeStore) CompactMemories(_ context.Context, c memory.Compaction) (memory.Compacted, error) {
	s.merge, s.embedder, s.embed = c.Merge, c.Embedder, c.Embed
	return memory.Compacted{}, nil
}

func service(store memory.Store) *memory.Service {
	return memory.New(memory.Config{Store: store, Now: epoch})
}

func idsOf(memories []aegis.Memory) []string {
	var ids []string
	for _, m := range memories {
		ids = append(ids, m.MemoryID)
	}
	return ids
}

func newMemory(text string) aegis.Memory {
	return aegis.Memory{
		AgentID: "planner", Kind: aegis.MemoryEpisodic, Scope: "goal-1", Text: text,
		Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromChangeSet, ChangeSetID: "cs-1", GoalID: "goal-1"},
	}
}

func TestRememberScrubsAndCompletes(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	m, err := service(store).Remember(t.Context(), newMemory("ann@example.com set password=hunter2"))
	require.NoError(t, err)
	require.Equal(t, "[email] set password=[secret]", m.Text)
	require.True(t, strings.HasPrefix(m.MemoryID, "mem-"))
	require.Equal(t, epoch(), m.CreatedAt)
	require.Equal(t, epoch().Add(90*24*time.Hour), *m.ExpiresAt)
	require.Equal(t, m, store.saved[0].Memory, "what is kept is what is answered")
	require.Len(t, store.saved[0].Vector, 384)

	session, semantic := newMemory("x"), newMemory("y")
	session.Kind, semantic.Kind, semantic.Scope = aegis.MemorySession, aegis.MemorySemantic, ""
	m, err = service(store).Remember(t.Context(), session)
	require.NoError(t, err)
	require.Equal(t, epoch().Add(14*24*time.Hour), *m.ExpiresAt)
	m, err = service(store).Remember(t.Context(), semantic)
	require.NoError(t, err)
	require.Nil(t, m.ExpiresAt)
}

func TestRememberRefuses(t *testing.T) {
	t.Parallel()
	past := epoch()
	for field, edit := range map[string]func(*aegis.Memory){
		"agent_id":                 func(m *aegis.Memory) { m.AgentID = "" },
		"kind":                     func(m *aegis.Memory) { m.Kind = "odd" },
		"scope":                    func(m *aegis.Memory) { m.Scope, m.Kind = "", aegis.MemorySession },
		"text":                     func(m *aegis.Memory) { m.Text = "\x00 \u200b" },
		"outcome":                  func(m *aegis.Memory) { m.Outcome = "fine" },
		"expires_at":               func(m *aegis.Memory) { m.ExpiresAt = &past },
		"memory_id":                func(m *aegis.Memory) { m.MemoryID = "'; DROP TABLE memories" },
		"provenance.source":        func(m *aegis.Memory) { m.Provenance.Source = "" },
		"provenance.change_set_id": func(m *aegis.Memory) { m.Provenance.ChangeSetID = "" },
		"provenance.goal_id":       func(m *aegis.Memory) { m.Provenance.GoalID = "a b" },
		"provenance.tool":          func(m *aegis.Memory) { m.Provenance.Tool = "ann@example.com" },
		"provenance.origins":       func(m *aegis.Memory) { m.Provenance.Merged = 3 },
	} {
		m := newMemory("x")
		edit(&m)
		store := &fakeStore{}
		_, err := service(store).Remember(t.Context(), m)
		invalid, ok := errors.AsType[*aegis.InvalidError](err)
		require.True(t, ok, field)
		require.Equal(t, field, invalid.Faults[0].Field)
		require.Empty(t, store.saved)
	}
}

func TestSearchAsksWithinItsScope(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	s := service(store)
	search := func(q memory.Query) {
		_, _, err := s.Search(t.Context(), q)
		require.NoError(t, err)
	}
	search(memory.Query{AgentID: "planner", Text: "nodes"})
	require.Equal(t, []string{""}, store.filter.Scopes, "what belongs to no goal")
	search(memory.Query{AgentID: "planner", Text: "nodes", Scope: "goal-1", Shared: []string{"critic"}})
	require.Equal(t, []string{"", "goal-1"}, store.filter.Scopes)
	require.Equal(t, []string{"critic"}, store.filter.Shared)
	search(memory.Query{AgentID: "planner", Text: "password=hunter2"})
	require.Equal(t, "password=[secret]", store.probe.Text, "an embedder may be elsewhere")
	search(memory.Query{AgentID: "planner", Text: "???"})
	require.Nil(t, store.probe.Vector, "nothing to compare")

	_, _, err := s.ListMemories(t.Context(), aegis.MemoryFilter{AgentID: "planner"}, aegis.Page{})
	require.NoError(t, err)
	require.Nil(t, store.filter.Scopes, "people see all goals")
	_, _, err = s.ListMemories(t.Context(), aegis.MemoryFilter{AgentID: "planner", Scope: "goal-1", Kind: aegis.MemorySession}, aegis.Page{})
	require.NoError(t, err)
	require.Equal(t, []string{"goal-1"}, store.filter.Scopes)
	require.Equal(t, []aegis.MemoryKind{aegis.MemorySession}, store.filter.Kinds)
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		q     memory.Query
		field string
	}{
		"no agent":        {memory.Query{Text: "x"}, "agent_id"},
		"odd kind":        {memory.Query{AgentID: "p", Kinds: []aegis.MemoryKind{"odd"}}, "kind"},
		"odd scope":       {memory.Query{AgentID: "p", Scope: "a b"}, "scope"},
		"odd agent":       {memory.Query{AgentID: "p", Shared: []string{""}}, "shared"},
		"only controls":   {memory.Query{AgentID: "p", Text: "\x00\x01"}, "q"},
		"limit":           {memory.Query{AgentID: "p", Limit: 501}, "limit"},
		"negative limit":  {memory.Query{AgentID: "p", Limit: -1}, "limit"},
		"no cursor of us": {memory.Query{AgentID: "p", Text: "x", Cursor: "AAAA"}, "cursor"},
	} {
		_, _, err := service(&fakeStore{}).Search(t.Context(), c.q)
		invalid, ok := errors.AsType[*aegis.InvalidError](err)
		require.True(t, ok, name)
		require.Equal(t, c.field, invalid.Faults[0].Field, name)
	}
}

func TestPagesOfASearchAreItsOrder(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	for i := range 25 {
		store.found.Nearest = append(store.found.Nearest, hit(fmt.Sprintf("n%02d", i), 0, ""))
		store.found.Matching = append(store.found.Matching, hit(fmt.Sprintf("m%02d", i), 0, ""))
	}
	s := service(store)
	whole, _, err := s.Search(t.Context(), memory.Query{AgentID: "p", Text: "x", Limit: 500})
	require.NoError(t, err)
	require.Len(t, whole, 50)
	var pages []string
	q := memory.Query{AgentID: "p", Text: "x", Limit: 7}
	for {
		page, next, err := s.Search(t.Context(), q)
		require.NoError(t, err)
		pages = append(pages, idsOf(page)...)
		if q.Cursor = next; next == "" {
			break
		}
	}
	require.Equal(t, idsOf(whole), pages)

	_, next, err := s.Search(t.Context(), memory.Query{AgentID: "p", Text: "x", Limit: 7})
	require.NoError(t, err)
	_, _, err = s.Search(t.Context(), memory.Query{AgentID: "p", Text: "y", Limit: 7, Cursor: next})
	require.ErrorIs(t, err, aegis.ErrInvalid, "a cursor goes with its query")
	_, _, err = s.Search(t.Context(), memory.Query{AgentID: "q", Text: "x", Limit: 7, Cursor: next})
	require.ErrorIs(t, err, aegis.ErrInvalid, "and with its agent")
}

// oddEmbedder answers what it is told.
type oddEmbedder struct{ vector []float32 }

func (oddEmbedder) Name() string    { return "odd" }
func (oddEmbedder) Dimensions() int { return 2 }
func (o oddEmbedder) Embed(context.Context, []string) ([][]float32, error) {
	return [][]float32{o.vector}, nil
}

func TestVectorsOfEmbeddersAreChecked(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	remember := func(v ...float32) error {
		_, err := memory.New(memory.Config{Store: store, Now: epoch, Embedder: oddEmbedder{v}}).Remember(t.Context(), newMemory("x"))
		return err
	}
	require.NoError(t, remember(3, 4))
	require.InDeltaSlice(t, []float32{0.6, 0.8}, store.saved[0].Vector, 1e-6)
	for _, v := range [][]float32{{1, 2, 3}, {float32(math.NaN()), 1}, {float32(math.Inf(1)), 1}} {
		require.NoError(t, remember(v...))
		last := store.saved[len(store.saved)-1]
		require.Equal(t, memory.Hashed{}.Name(), last.Embedder, "the hashed embedding stands in")
		require.Len(t, last.Vector, 384)
	}
}

func TestMergeKeepsProvenance(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	_, err := service(store).Compact(t.Context())
	require.NoError(t, err)
	var memories []aegis.Memory
	for i := range 300 {
		m := newMemory(fmt.Sprintf("run %d %s", i, strings.Repeat("and on ", 100)))
		end := epoch().Add(time.Duration(i) * time.Hour)
		m.MemoryID, m.CreatedAt, m.ExpiresAt, m.Outcome = fmt.Sprintf("mem-%03d", i), epoch().Add(time.Duration(i)*time.Minute), &end, aegis.MemorySucceeded
		m.Provenance.ChangeSetID = fmt.Sprintf("cs-%03d", i)
		memories = append(memories, m)
	}
	first, err := store.merge(t.Context(), memories[:250])
	require.NoError(t, err)
	again, err := store.merge(t.Context(), append([]aegis.Memory{first.Memory}, memories[250:]...))
	require.NoError(t, err)
	m := again.Memory
	require.Equal(t, aegis.MemoryFromMemories, m.Provenance.Source)
	require.Equal(t, "goal-1", m.Provenance.GoalID)
	require.Equal(t, 300, m.Provenance.Merged)
	require.Len(t, m.Provenance.Origins, 200)
	require.Equal(t, "mem-299", m.Provenance.Origins[0].MemoryID)
	require.Equal(t, "cs-100", m.Provenance.Origins[199].ChangeSetID)
	require.Equal(t, aegis.MemorySucceeded, m.Outcome)
	require.Equal(t, memories[299].CreatedAt, m.CreatedAt)
	require.Equal(t, *memories[299].ExpiresAt, *m.ExpiresAt)
	require.LessOrEqual(t, len(m.Text), 8<<10)
	require.Contains(t, m.Text, "Summary of 300 memories")
	require.Contains(t, m.Text, "run 299")
	require.Len(t, again.Vector, 384)
}
