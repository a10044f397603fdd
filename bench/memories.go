package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/postgres"
)

const (
	// FewestMemories is how many are searched at least: fewer need no index.
	FewestMemories = 2000
	// memoryDatabase is beside the sandbox's own.
	memoryDatabase = "bench_memory"
	memoryAgent    = "bench"
	// memoryQueries are asked with pgvector, exactQueries without, which takes
	// longer, each after memoryWarm that don't count, which bring the database's pages
	// into memory; recallQueries of both.
	memoryQueries, exactQueries, memoryWarm, recallQueries = 300, 60, 200, 100
	// answered is how many memories a search answers.
	answered = 10
)

// memoryStores are one database, searched with pgvector, where it has that, and
// exactly.
type memoryStores struct {
	indexed, exact *postgres.DB
	hasIndex       bool
	queries        []string
}

// Memories searches n memories of an agent, by vector and words together, with
// pgvector and without, and compares what the two find. The database is gone
// afterwards.
func Memories(ctx context.Context, p *e2e.Process, n int, w io.Writer) (err error) {
	address, err := freshDatabase(ctx, p, memoryDatabase)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, administer(context.WithoutCancel(ctx), p, `DROP DATABASE `+memoryDatabase+` WITH (FORCE)`))
	}()
	r := report{title: fmt.Sprintf("Memory search, %d memories of 384 dimensions", n)}
	s := memoryStores{}
	if s.exact, err = postgres.Open(ctx, address, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	defer s.exact.Close()
	s.exact.ExactMemories = true
	if s.indexed, err = postgres.Open(ctx, address, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	defer s.indexed.Close()
	if err := s.fill(ctx, address, n, &r); err != nil {
		return err
	}
	if err := s.measure(ctx, &r); err != nil {
		return err
	}
	if !s.hasIndex {
		_, _ = fmt.Fprintln(w, "The server has no pgvector: the exact search alone is measured.") // a remark
	}
	return r.write(w)
}

// fill keeps n memories and then has them indexed.
func (s *memoryStores) fill(ctx context.Context, address string, n int, r *report) error {
	if err := s.exact.Migrate(ctx); err != nil {
		return err
	}
	began := time.Now()
	words, err := newCorpus()
	if err != nil {
		return err
	}
	for from := 0; from < n; from += 500 {
		entries, err := words.entries(ctx, from, min(500, n-from))
		if err == nil {
			err = s.exact.SaveMemories(ctx, entries)
		}
		if err != nil {
			return err
		}
	}
	s.queries = words.queries(memoryWarm + memoryQueries)
	r.add("memories embedded and kept, a second", float64(n)/time.Since(began).Seconds(), "", 0)
	began = time.Now()
	if err := s.indexed.Migrate(ctx); err != nil {
		return err
	}
	indexing := time.Since(began)
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to database %s: %w", memoryDatabase, err)
	}
	err = conn.QueryRow(ctx, `SELECT to_regclass('memory_vectors_hnsw') IS NOT NULL`).Scan(&s.hasIndex)
	if err == nil {
		_, err = conn.Exec(ctx, `VACUUM ANALYZE`) // as autovacuum does in time
	}
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("prepare database %s: %w", memoryDatabase, err)
	}
	if s.hasIndex {
		r.add("indexed afresh by pgvector", indexing.Seconds(), "s", 0)
	}
	return nil
}

func (s *memoryStores) measure(ctx context.Context, r *report) error {
	exact, err := s.ask(ctx, s.exact, exactQueries)
	if err != nil {
		return err
	}
	r.duration("search without pgvector p50", percentile(exact, 0.5), 0)
	r.duration("search without pgvector p95", percentile(exact, 0.95), 0)
	if !s.hasIndex {
		return nil
	}
	indexed, err := s.ask(ctx, s.indexed, memoryQueries)
	if err != nil {
		return err
	}
	r.duration("search with pgvector p50", percentile(indexed, 0.5), 0)
	r.duration("search with pgvector p95", percentile(indexed, 0.95), 20*time.Millisecond)
	r.add("with / without, p50", float64(percentile(indexed, 0.5))/float64(percentile(exact, 0.5)), "×", 0)
	r.add("with / without, p95", float64(percentile(indexed, 0.95))/float64(percentile(exact, 0.95)), "×", 0)
	recall, err := s.recall(ctx)
	r.atLeast(fmt.Sprintf("recall@%d of the vector search against exact", answered), recall, "", 0.95)
	return err
}

// ask asks n queries as an agent does, and returns the times.
func (s *memoryStores) ask(ctx context.Context, db *postgres.DB, n int) ([]time.Duration, error) {
	service := memory.New(memory.Config{Store: db})
	var times []time.Duration
	for i, text := range s.queries[:memoryWarm+n] {
		began := time.Now()
		memories, _, err := service.Search(ctx, memory.Query{AgentID: memoryAgent, Text: text, Limit: answered})
		if err != nil {
			return nil, err
		}
		if len(memories) != answered {
			return nil, fmt.Errorf("%q found %d memories", text, len(memories))
		}
		if i >= memoryWarm {
			times = append(times, time.Since(began))
		}
	}
	return times, nil
}

// recall is the share of what the index finds that is as near as what an exact
// search finds.
func (s *memoryStores) recall(ctx context.Context) (float64, error) {
	const alike = 1e-6
	right, all := 0, 0
	for _, text := range s.queries[:recallQueries] {
		v, err := memory.Hashed{}.Embed(ctx, []string{text})
		if err != nil {
			return 0, err
		}
		f := memory.Filter{AgentID: memoryAgent, Scopes: []string{""}, AsOf: time.Now()}
		probe := memory.Probe{Vector: v[0], Embedder: memory.Hashed{}.Name(), Window: memory.Window}
		exact, err := s.exact.FindMemories(ctx, f, probe)
		if err != nil {
			return 0, err
		}
		indexed, err := s.indexed.FindMemories(ctx, f, probe)
		if err != nil {
			return 0, err
		}
		if len(exact.Nearest) < answered {
			return 0, fmt.Errorf("%q has %d neighbours", text, len(exact.Nearest))
		}
		worst := exact.Nearest[answered-1].Similarity
		for _, hit := range indexed.Nearest[:min(answered, len(indexed.Nearest))] {
			if hit.Similarity >= worst-alike {
				right++
			}
		}
		all += answered
	}
	return float64(right) / float64(all), nil
}
