package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// recountWords is how long the shares of words are taken for what they were: they
// decide only which of its words a search goes by.
const recountWords = 10 * time.Minute

// commonWords are what a process knows of the shares.
type commonWords struct {
	mu     sync.Mutex
	shares wordShares
	read   time.Time
}

// wordShares are the shares of memories that hold the most common words, as of when
// the database last analyzed them, the least of the shares, and how many memories
// there were.
type wordShares struct {
	common   map[string]float64
	least    float64
	memories float64
}

// wordShare is one of them.
type wordShare struct {
	Word  string
	Share float64
}

// of takes all words that are not common for as rare as the rarest that is.
func (s wordShares) of(word string) float64 { return cmp.Or(s.common[word], s.least) }

// weighed is a word, quoted as a query of its own, with what it says about a memory
// that holds it: 1 - ln(share), and how many hold it, about.
type weighed struct {
	query        string
	weight, held float64
}

// rarest is how many of the words, the rarest first, are held by enough memories
// between them.
func rarest(words []weighed, enough float64) int {
	n, held := 0, 0.0
	for n < len(words) && held < enough {
		held += words[n].held
		n++
	}
	return n
}

// words are those of a text as full text search has them; when there are too many,
// those that the fewest memories hold, and of these the longest.
func (db *DB) words(ctx context.Context, text string) ([]weighed, error) {
	shares, err := db.wordShares(ctx)
	if err != nil {
		return nil, err
	}
	var words []string
	if err := db.pool.QueryRow(ctx, `SELECT tsvector_to_array(to_tsvector('english', $1))`, text).Scan(&words); err != nil {
		return nil, err
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(shares.of(a), shares.of(b)), len(b)-len(a), cmp.Compare(a, b))
	})
	words = words[:min(len(words), maxWords)]
	quote := strings.NewReplacer(`\`, `\\`, `'`, `''`)
	out := make([]weighed, len(words))
	for i, word := range words {
		share := shares.of(word)
		out[i] = weighed{query: `'` + quote.Replace(word) + `'`, weight: 1 - math.Log(share), held: share * shares.memories}
	}
	return out, nil
}

// wordShares reads the shares from the database's own statistics.
func (db *DB) wordShares(ctx context.Context) (wordShares, error) {
	c := &db.commonWords
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() && time.Since(c.read) < recountWords {
		return c.shares, nil
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT word, share FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS common (word, share)
		WHERE schemaname = current_schema() AND tablename = 'memories' AND attname = 'words' AND word IS NOT NULL AND share > 0`)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[wordShare])
	if err != nil {
		return wordShares{}, fmt.Errorf("read how common words are: %w", mapError(err))
	}
	shares := wordShares{common: map[string]float64{}, least: 1}
	if err := db.pool.QueryRow(ctx, `SELECT greatest(reltuples, 0)::float8 FROM pg_class WHERE oid = 'memories'::regclass`).Scan(&shares.memories); err != nil {
		return wordShares{}, fmt.Errorf("read how many memories there are: %w", mapError(err))
	}
	for _, f := range found {
		shares.common[f.Word], shares.least = f.Share, min(shares.least, f.Share)
	}
	c.shares, c.read = shares, time.Now()
	return shares, nil
}
