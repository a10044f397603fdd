package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/agent/memory"
)

const (
	// maxWords bounds the words of a search, newestOf the memories that each of
	// them brings up, so that common words don't hide rare ones. Words that are held
	// by more than enough memories between them are left out at first.
	maxWords, newestOf, enough = 4, 50, 500
	// exactBelow is how many memories are searched without the index: that is as
	// quick, and exact.
	exactBelow = 1000
)

// customPlans has statements planned for their arguments: how many memories hold a
// word or are an agent's decides which index is best. They are not compiled, which
// would take longer than they do, and what they read is mostly in memory.
const customPlans = `SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true)`

// FindMemories finds by vector, with pgvector where the database has it, and by
// words.
func (db *DB) FindMemories(ctx context.Context, f memory.Filter, p memory.Probe) (memory.Found, error) {
	var found memory.Found
	both, bothCtx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		found.Nearest, err = db.nearestMemories(bothCtx, f, p)
		return err
	})
	both.Go(func() (err error) {
		found.Matching, err = db.matchingMemories(bothCtx, f, p)
		return err
	})
	if err := both.Wait(); err != nil {
		return memory.Found{}, fmt.Errorf("search the memories of agent %s: %w", f.AgentID, mapError(err))
	}
	return found, nil
}

// matchingMemories ranks memories by the words of the text that they hold.
func (db *DB) matchingMemories(ctx context.Context, f memory.Filter, p memory.Probe) ([]memory.Hit, error) {
	words, err := db.words(ctx, p.Text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	first := rarest(words, enough)
	found, err := db.holdingMemories(ctx, f, p.Window, words, first)
	if err == nil && len(found) < p.Window && first < len(words) {
		// Others have the memories that hold the rare words, or there are few.
		return db.holdingMemories(ctx, f, p.Window, words, len(words))
	}
	return found, err
}

// holdingMemories ranks the newest memories that hold each of the first n words, by
// all of the words.
func (db *DB) holdingMemories(ctx context.Context, f memory.Filter, window int, words []weighed, n int) ([]memory.Hit, error) {
	a := &arguments{}
	where := memoryWhere(f, a)
	branches, weights := make([]string, n), make([]string, len(words))
	for i, word := range words {
		holds := `words @@ ` + a.add(word.query) + `::tsquery`
		weights[i] = `CASE WHEN ` + holds + ` THEN ` + a.add(word.weight) + `::float8 ELSE 0 END`
		if i < n {
			branches[i] = `(SELECT memory_id, outcome, created_at, words FROM memories
				WHERE ` + where + ` AND ` + holds + `
				ORDER BY created_at DESC, memory_id DESC LIMIT ` + strconv.Itoa(newestOf) + `)`
		}
	}
	var found []memory.Hit
	b := &pgx.Batch{}
	b.Queue(customPlans)
	statement := `
		SELECT memory_id, outcome, created_at, max(` + strings.Join(weights, ` + `) + `) AS similarity
		FROM (` + strings.Join(branches, ` UNION ALL `) + `) found
		GROUP BY memory_id, outcome, created_at ORDER BY similarity DESC, memory_id DESC LIMIT ` + a.add(window)
	b.Queue(statement, a.values...).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, pgx.RowToStructByName[memory.Hit])
		return err
	})
	return found, db.pool.SendBatch(ctx, b).Close()
}

// nearestMemories finds by the vector.
func (db *DB) nearestMemories(ctx context.Context, f memory.Filter, p memory.Probe) ([]memory.Hit, error) {
	if p.Vector == nil {
		return nil, nil
	}
	found, err := db.indexedMemories(ctx, f, p)
	if err == nil && found == nil {
		found, err = db.scanMemories(ctx, f, p)
	}
	return found[:min(len(found), p.Window)], err
}

// collectHits reads memories with their similarity to v, which is computed in one
// way whatever found them, best first.
func collectHits(rows pgx.Rows, v []float32) ([]memory.Hit, error) {
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h memory.Hit, err error) {
		var b []byte
		err = row.Scan(&h.MemoryID, &h.Outcome, &h.CreatedAt, &b)
		h.Similarity = float64(dotBytes(v, b))
		return h, err
	})
	slices.SortFunc(found, func(a, b memory.Hit) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(b.MemoryID, a.MemoryID))
	})
	return found, err
}
