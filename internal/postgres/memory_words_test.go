package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// TestRareWordsAreSearchedFor has a text of more words than a search goes by, of which
// the shortest alone says what is looked for.
func TestRareWordsAreSearchedFor(t *testing.T) {
	t.Parallel()
	address := pgtest.New(t)
	db := openURL(t, address)
	say := func(db *postgres.DB, id, text string) {
		require.NoError(t, db.SaveMemory(t.Context(), memory.Entry{Memory: semantic("planner", id, text)}))
	}
	say(db, "mem-000", "the waf of checkout")
	for i := range 100 {
		say(db, fmt.Sprintf("mem-%03d", 1+i), "recommendations leaderboard matchmaking subscription observability")
	}
	find := func(db *postgres.DB) (ids []string) {
		found, err := db.FindMemories(t.Context(), memory.Filter{AgentID: "planner", AsOf: time.Now()},
			memory.Probe{Text: "waf recommendations leaderboard matchmaking subscription observability", Window: 100})
		require.NoError(t, err)
		for _, hit := range found.Matching {
			ids = append(ids, hit.MemoryID)
		}
		return ids
	}
	require.NotContains(t, find(db), "mem-000", "nobody has counted: the longest words")
	_, err := connect(t, address).Exec(context.WithoutCancel(t.Context()), `ANALYZE memories`)
	require.NoError(t, err)
	later := openURL(t, address)
	require.Contains(t, find(later), "mem-000", "the rarest words")
	for range 60 {
		say(later, "mem-"+aegis.NewID("x", time.Now()), "recommendations, again")
	}
	require.Contains(t, find(later), "mem-000", "many that hold a common word don't hide it")
}

// TestWordsThatOthersHold has an agent search for two words, of which enough memories
// hold the rarer one, but none of its own.
func TestWordsThatOthersHold(t *testing.T) {
	t.Parallel()
	address := pgtest.New(t)
	db := openURL(t, address)
	var entries []memory.Entry
	for i := range 1200 {
		text := "recommendations"
		if i%2 == 0 {
			text = "recommendations of checkout"
		}
		entries = append(entries, memory.Entry{Memory: semantic("other", fmt.Sprintf("mem-%04d", i), text)})
	}
	require.NoError(t, db.SaveMemories(t.Context(), append(entries, memory.Entry{Memory: semantic("planner", "mem-own", "recommendations")})))
	_, err := connect(t, address).Exec(context.WithoutCancel(t.Context()), `ANALYZE memories`)
	require.NoError(t, err)
	find := func(agent string, window int) (ids []string) {
		found, err := db.FindMemories(t.Context(), memory.Filter{AgentID: agent, AsOf: time.Now()},
			memory.Probe{Text: "recommendations for checkout", Window: window})
		require.NoError(t, err)
		for _, hit := range found.Matching {
			ids = append(ids, hit.MemoryID)
		}
		return ids
	}
	require.Equal(t, []string{"mem-own"}, find("planner", 100))
	require.Len(t, find("other", 50), 50)
	require.Greater(t, len(find("other", 100)), 50, "those that hold the common word alone fill up")
}
