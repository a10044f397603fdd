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
	// them brings up, so that common words don't hide rare ones.
	maxWords, newestOf = 6, 50
	// exactBelow is how many memories are searched without the index: that is as
	// quick, and exact.
	exactBelow = 1000
)

// customPlans has statements planned for their arguments: how many memories hold a
// word or are an agent's decides which index is best. They are not compiled, which
// would take longer than they do.
const customPlans = `SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)`

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

// matchingMemories ranks, by the words of the text that they hold, the newest
// memories that hold each.
func (db *DB) matchingMemories(ctx context.Context, f memory.Filter, p memory.Probe) ([]memory.Hit, error) {
	words, err := db.words(ctx, p.Text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	a := &arguments{}
	where := memoryWhere(f, a)
	all := a.add(strings.Join(words, " | "))
	branches := make([]string, len(words))
	for i, word := range words {
		branches[i] = `(SELECT memory_id, outcome, created_at, ts_rank(words, ` + all + `::tsquery)::float8 AS similarity FROM memories
			WHERE ` + where + ` AND words @@ ` + a.add(word) + `::tsquery
			ORDER BY created_at DESC, memory_id DESC LIMIT ` + strconv.Itoa(newestOf) + `)`
	}
	var found []memory.Hit
	b := &pgx.Batch{}
	b.Queue(customPlans)
	statement := `SELECT * FROM (` + strings.Join(branches, ` UNION `) + `) found ORDER BY similarity DESC, memory_id DESC LIMIT ` + a.add(p.Window)
	b.Queue(statement, a.values...).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, pgx.RowToStructByName[memory.Hit])
		return err
	})
	return found, db.pool.SendBatch(ctx, b).Close()
}

// words are those of a text as full text search has them, each quoted as a query of
// its own; the longest, when there are too many.
func (db *DB) words(ctx context.Context, text string) ([]string, error) {
	var words []string
	if err := db.pool.QueryRow(ctx, `SELECT tsvector_to_array(to_tsvector('english', $1))`, text).Scan(&words); err != nil {
		return nil, err
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	words = words[:min(len(words), maxWords)]
	quote := strings.NewReplacer(`\`, `\\`, `'`, `''`)
	for i, word := range words {
		words[i] = `'` + quote.Replace(word) + `'`
	}
	return words, nil
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
