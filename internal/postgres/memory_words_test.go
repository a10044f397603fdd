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
