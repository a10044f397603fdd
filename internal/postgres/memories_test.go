package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// memoryBackend is a database that holds memories, and the service on it.
type memoryBackend struct {
	*memory.Service

	db   *postgres.DB
	conn *pgx.Conn
	now  *time.Time
}

// hasVector says whether the server offers pgvector.
func hasVector(t *testing.T, conn *pgx.Conn) (has bool) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')`).Scan(&has))
	return has
}

// forEachMemorySearch runs one suite on each way of searching that the server has:
// exactly, by pgvector as it is used, and by
// pgvector also where there are few memories.
func forEachMemorySearch(t *testing.T, suite func(t *testing.T, b memoryBackend)) {
	t.Helper()
	for _, name := range []string{"exact", "pgvector", "pgvector always"} {
		url := pgtest.New(t)
		conn := connect(t, url)
		if name != "exact" && !hasVector(t, conn) {
			continue // the search is the exact one then, which ran
		}
		db, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(db.Close)
		db.ExactMemories = name == "exact"
		if name == "pgvector always" {
			db.IndexMemoriesAlways()
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		b := memoryBackend{db: db, conn: conn, now: &now}
		b.Service = memory.New(memory.Config{Store: db, Now: func() time.Time { return *b.now }, PerGoal: 5, PerAgent: 50})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite(t, b)
		})
	}
}

func (b memoryBackend) remember(t *testing.T, m aegis.Memory) aegis.Memory {
	t.Helper()
	if m.AgentID == "" {
		m.AgentID = "planner"
	}
	if m.Kind == "" {
		m.Kind = aegis.MemoryEpisodic
	}
	m.Provenance = aegis.MemoryProvenance{Source: aegis.MemoryFromTool, Tool: "drift.list", GoalID: m.Scope}
	*b.now = b.now.Add(time.Millisecond)
	kept, err := b.Remember(t.Context(), m)
	require.NoError(t, err)
	return kept
}

func (b memoryBackend) search(t *testing.T, q memory.Query) []string {
	t.Helper()
	if q.AgentID == "" {
		q.AgentID = "planner"
	}
	found, _, err := b.Search(t.Context(), q)
	require.NoError(t, err)
	return texts(found)
}

func texts(memories []aegis.Memory) []string {
	out := []string{}
	for _, m := range memories {
		out = append(out, m.Text)
	}
	return out
}

func TestMemoriesAreKeptAsTheyAre(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		kept := b.remember(t, aegis.Memory{Scope: "goal-1", Text: "it's a \"text\" \\ with 100 % 'quotes'\nand lines", Outcome: aegis.MemoryFailed})
		listed, next, err := b.ListMemories(t.Context(), aegis.MemoryFilter{AgentID: "planner"}, aegis.Page{})
		require.NoError(t, err)
		require.Empty(t, next)
		require.Equal(t, []aegis.Memory{kept}, listed)

		kept.Text = "another"
		_, err = b.Remember(t.Context(), kept)
		require.NoError(t, err)
		require.Equal(t, []string{listed[0].Text}, b.search(t, memory.Query{Scope: "goal-1"}), "of one id the first stays")
	})
}

func TestMemoryIsFoundByMeaningAndWords(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		for _, text := range []string{
			"Scaled the runtime in eu-west-1 from 3 to 5 nodes, latency fell", "Retention of logs was set to 90 days",
			"The Zookeeper quorum was lost in Frankfurt", "An ingress rule for port 443 was opened", "Bucket lifecycle expires objects after 30 days",
		} {
			b.remember(t, aegis.Memory{Text: text})
		}
		for query, want := range map[string]string{
			"how did scaling of runtime nodes go": "Scaled the runtime", "log retentions": "Retention of logs", "zookeeper": "The Zookeeper",
			"open ports": "An ingress rule", "object expiry in buckets": "Bucket lifecycle",
		} {
			found := b.search(t, memory.Query{Text: query})
			require.NotEmpty(t, found, query)
			require.Contains(t, found[0], want, query)
		}
	})
}

func TestMemoryScopesNeverLeak(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		for _, agent := range []string{"planner", "critic"} {
			b.remember(t, aegis.Memory{AgentID: agent, Text: agent + " run note", Kind: aegis.MemoryEpisodic})
			b.remember(t, aegis.Memory{AgentID: agent, Text: agent + " fact note", Kind: aegis.MemorySemantic})
			for _, goal := range []string{"goal-1", "goal-2"} {
				b.remember(t, aegis.Memory{AgentID: agent, Scope: goal, Text: agent + " " + goal + " note", Kind: aegis.MemoryEpisodic})
				b.remember(t, aegis.Memory{AgentID: agent, Scope: goal, Text: agent + " " + goal + " session note", Kind: aegis.MemorySession})
			}
		}
		cross := []string{"planner run note", "planner fact note"}
		one := append([]string{"planner goal-1 note", "planner goal-1 session note"}, cross...)
		for name, c := range map[string]struct {
			q    memory.Query
			want []string
		}{
			"no goal":            {memory.Query{}, cross},
			"a goal":             {memory.Query{Scope: "goal-1"}, one},
			"another's facts":    {memory.Query{Scope: "goal-1", Shared: []string{"critic"}}, append([]string{"critic fact note"}, one...)},
			"facts alone":        {memory.Query{Scope: "goal-1", Shared: []string{"critic"}, Kinds: []aegis.MemoryKind{aegis.MemorySemantic}}, []string{"critic fact note", "planner fact note"}},
			"an unknown goal":    {memory.Query{Scope: "goal-3"}, cross},
			"an unknown agent":   {memory.Query{AgentID: "nobody", Scope: "goal-1"}, []string{}},
			"shared with nobody": {memory.Query{AgentID: "nobody", Scope: "goal-1", Shared: []string{"planner"}}, []string{"planner fact note"}},
		} {
			require.ElementsMatch(t, c.want, b.search(t, c.q), name)
			c.q.Text = "critic planner goal session fact note"
			require.ElementsMatch(t, c.want, b.search(t, c.q), "%s, searched", name)
		}
		all, _, err := b.ListMemories(t.Context(), aegis.MemoryFilter{AgentID: "planner", Text: "critic note"}, aegis.Page{})
		require.NoError(t, err)
		require.Len(t, all, 6, "people see all goals of the agent")
		for _, m := range all {
			require.Equal(t, "planner", m.AgentID)
		}
		stolen, err := b.db.ReadMemories(t.Context(), memory.Filter{AgentID: "critic", AsOf: *b.now}, []string{all[0].MemoryID})
		require.NoError(t, err)
		require.Empty(t, stolen, "an id gives nothing")
	})
}

func TestMemorySearchTakesHostileTexts(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		b.remember(t, aegis.Memory{Text: "a note on O'Brien's C:\\path\\to & more"})
		for _, text := range []string{
			"'; DROP TABLE memories; --", "' || (SELECT 1) || '", "a & | ! <-> b:*", `\`, `\'`, `'''`, "(((", "!!!", ":*", "%_%", "note\x00note", "\xff\xfe",
			"O'Brien's", `C:\path\to`, strings.Repeat("word ", 5000), strings.Repeat("'", 3000), strings.Repeat("x", 5000) + " y", "日本語", "http://a/?b&c='d'",
		} {
			_, _, err := b.Search(t.Context(), memory.Query{AgentID: "planner", Text: text})
			if err != nil {
				require.ErrorIs(t, err, aegis.ErrInvalid, text)
			}
			_, err = b.Remember(t.Context(), aegis.Memory{
				AgentID: "hostile", Kind: aegis.MemorySemantic, Text: text, Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromTool, Tool: "x"},
			})
			if err != nil {
				require.ErrorIs(t, err, aegis.ErrInvalid, text)
			}
		}
		require.Len(t, b.search(t, memory.Query{Text: "O'Brien"}), 1)
		require.Len(t, b.search(t, memory.Query{Text: `C:\path\to`}), 1)
	})
}

func TestMemoryExpires(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		soon := b.now.Add(time.Hour)
		b.remember(t, aegis.Memory{Text: "short note", ExpiresAt: &soon})
		b.remember(t, aegis.Memory{Text: "long note"})
		require.ElementsMatch(t, []string{"short note", "long note"}, b.search(t, memory.Query{Text: "note"}))
		*b.now = b.now.Add(2 * time.Hour)
		require.Equal(t, []string{"long note"}, b.search(t, memory.Query{Text: "note"}), "gone at once")
		require.Equal(t, []string{"long note"}, b.search(t, memory.Query{}))
		done, err := b.Compact(t.Context())
		require.NoError(t, err)
		require.Equal(t, memory.Compacted{Expired: 1}, done)
		require.Equal(t, 1, b.count(t, "memory_vectors"), "its vector goes with it")
	})
}

func (b memoryBackend) count(t *testing.T, table string) (n int) {
	t.Helper()
	require.NoError(t, b.conn.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

func TestEpisodesAreSummedUp(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		for i := range 12 {
			b.remember(t, aegis.Memory{Scope: "goal-1", Text: fmt.Sprintf("run %d of the night", i), Outcome: aegis.MemorySucceeded})
		}
		b.remember(t, aegis.Memory{Scope: "goal-1", Text: "a session", Kind: aegis.MemorySession})
		for range 5 {
			b.remember(t, aegis.Memory{Scope: "goal-2", Text: "few"})
		}
		var all sync.WaitGroup
		counts := make([]memory.Compacted, 3)
		for i := range counts { // one of several merges
			all.Go(func() {
				var err error
				counts[i], err = b.Compact(context.WithoutCancel(t.Context()))
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		merged := 0
		for _, c := range counts {
			merged += c.Merged
		}
		require.Equal(t, 8, merged)
		found, _, err := b.ListMemories(t.Context(), aegis.MemoryFilter{AgentID: "planner", Scope: "goal-1", Kind: aegis.MemoryEpisodic}, aegis.Page{})
		require.NoError(t, err)
		require.Len(t, found, 5)
		summary := found[4]
		require.Equal(t, 8, summary.Provenance.Merged)
		require.Len(t, summary.Provenance.Origins, 8)
		require.Equal(t, "drift.list", summary.Provenance.Origins[0].Tool)
		require.Contains(t, summary.Text, "run 7 of the night")
		require.Equal(t, summary.Text, b.search(t, memory.Query{Scope: "goal-1", Text: "summary of memories"})[0])

		again, err := b.Compact(t.Context())
		require.NoError(t, err)
		require.Zero(t, again)
		for i := range 3 {
			b.remember(t, aegis.Memory{Scope: "goal-1", Text: fmt.Sprintf("later run %d", i)})
		}
		_, err = b.Compact(t.Context())
		require.NoError(t, err)
		found, _, err = b.ListMemories(t.Context(), aegis.MemoryFilter{AgentID: "planner", Scope: "goal-1", Kind: aegis.MemoryEpisodic}, aegis.Page{})
		require.NoError(t, err)
		require.Len(t, found, 5)
		require.Equal(t, 11, found[4].Provenance.Merged, "a summary goes into the next")
	})
}

func TestMemoriesOfAnAgentAreBounded(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		b.remember(t, aegis.Memory{Text: "a fact", Kind: aegis.MemorySemantic})
		for i := range 60 {
			b.remember(t, aegis.Memory{Text: fmt.Sprintf("run %d", i)})
		}
		b.remember(t, aegis.Memory{AgentID: "critic", Text: "another's"})
		done, err := b.Compact(t.Context())
		require.NoError(t, err)
		require.Equal(t, memory.Compacted{Dropped: 11}, done)
		left := b.search(t, memory.Query{Limit: 500})
		require.Len(t, left, 50)
		require.Equal(t, "run 59", left[0])
		require.Equal(t, "run 11", left[48])
		require.Equal(t, "a fact", left[49], "the old fact stays")
		require.Len(t, b.search(t, memory.Query{AgentID: "critic"}), 1)
	})
}

func TestMemoryPagesAgreeWithTheWhole(t *testing.T) {
	t.Parallel()
	forEachMemorySearch(t, func(t *testing.T, b memoryBackend) { //nolint:thelper // the test itself
		for i := range 30 {
			b.remember(t, aegis.Memory{Text: fmt.Sprintf("note %d of the night shift", i%7)})
		}
		for _, text := range []string{"", "night shift note 3"} {
			whole := b.search(t, memory.Query{Text: text, Limit: 500})
			require.Len(t, whole, 30)
			var pages []string
			q := memory.Query{AgentID: "planner", Text: text, Limit: 4}
			for {
				page, next, err := b.Search(t.Context(), q)
				require.NoError(t, err)
				pages = append(pages, texts(page)...)
				b.remember(t, aegis.Memory{AgentID: "critic", Text: "meanwhile"})
				if q.Cursor = next; next == "" {
					break
				}
			}
			require.Equal(t, whole, pages)
		}
	})
}
