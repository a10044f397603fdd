package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aegisworld/aegis/agent/memory"
)

const (
	// indexDimensions is the length of the vectors that are indexed.
	indexDimensions = 384
	// searched and compared are how many memories pgvector looks at, and how many of
	// them are compared exactly, for each two that are asked for; maxSearch is its own
	// bound of the first.
	searched, compared, maxSearch = 6, 3, 1000
	// signBatch is how many vectors get their signs at a time.
	signBatch = 500
	// recheckIndex is how long a process may not know that there is an index.
	recheckIndex = time.Minute
)

// createHNSW indexes the signs of vectors: by how many of them two vectors differ says
// about how near they are, at a fraction of the time and the room. How near what is
// found is, is worked out from the vectors themselves.
const createHNSW = `CREATE INDEX IF NOT EXISTS memory_vectors_hnsw ON memory_vectors USING hnsw (signs bit_hamming_ops) WITH (m = 12, ef_construction = 300)`

// memoryIndex is what a process knows of the index.
type memoryIndex struct {
	mu      sync.Mutex
	ready   bool
	checked time.Time
	// always uses it however few memories there are, for tests.
	always bool
}

// memoryIndexed says whether vectors are indexed by pgvector. Once they are, they
// stay so.
func (db *DB) memoryIndexed(ctx context.Context) (bool, error) {
	if db.ExactMemories {
		return false, nil
	}
	x := &db.memoryIndex
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ready || time.Since(x.checked) < recheckIndex {
		return x.ready, nil
	}
	if err := db.pool.QueryRow(ctx, `SELECT to_regclass('memory_vectors_hnsw') IS NOT NULL`).Scan(&x.ready); err != nil {
		return false, fmt.Errorf("look for the index of memories: %w", mapError(err))
	}
	x.checked = time.Now()
	return x.ready, nil
}

// prepareMemoryIndex makes the index where the database has pgvector and lets us
// create it. Without it search is exact. The caller holds migrateLock.
func (db *DB) prepareMemoryIndex(ctx context.Context) error {
	if db.ExactMemories {
		return nil
	}
	if err := db.signMemories(ctx); err != nil {
		return err
	}
	if !db.createVector(ctx) {
		return nil
	}
	if err := db.buildHNSW(ctx); err != nil {
		return fmt.Errorf("make the index of memories: %w", mapError(err))
	}
	db.memoryIndex.mu.Lock()
	defer db.memoryIndex.mu.Unlock()
	db.memoryIndex.ready = true
	return nil
}

// createVector says whether the extension is there, and recent enough to go on
// until enough rows pass a filter (0.8). It creates it when it may.
func (db *DB) createVector(ctx context.Context) bool {
	var installed, offered string
	err := db.pool.QueryRow(ctx, `
		SELECT coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), ''),
			coalesce((SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), '')`).Scan(&installed, &offered)
	if err == nil && installed == "" && vectorVersion(offered) {
		_, err = db.pool.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS vector`)
		installed = offered
	}
	usable := false
	if err == nil && vectorVersion(installed) {
		err = db.pool.QueryRow(ctx, `SELECT to_regtype('vector') IS NOT NULL`).Scan(&usable)
	}
	if err != nil {
		db.logger.WarnContext(ctx, "no pgvector; memories are searched without an index", "error", err)
		return false
	}
	return usable
}

// vectorVersion says that a version such as "0.8.0" is at least 0.8.
func vectorVersion(v string) bool {
	major, rest, _ := strings.Cut(v, ".")
	minor, _, _ := strings.Cut(rest, ".")
	first, err := strconv.Atoi(major)
	second, err2 := strconv.Atoi(minor)
	return errors.Join(err, err2) == nil && (first > 0 || second >= 8)
}

// buildHNSW builds the graph in memory, by several workers where the machine has
// the shared memory for it.
func (db *DB) buildHNSW(ctx context.Context) error {
	build := func(workers string) error {
		return pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT set_config('maintenance_work_mem', '512MB', true), set_config('max_parallel_maintenance_workers', $1, true)`, workers)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, createHNSW)
			return err
		})
	}
	err := build("2")
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(server.Code, "53") { // insufficient resources
		err = build("0")
	}
	return err
}

// signMemories gives vectors their signs that have none, such as those that an older
// version keeps while this one runs.
func (db *DB) signMemories(ctx context.Context) error {
	for {
		rows, _ := db.pool.Query(ctx, `
			SELECT memory_id, vector FROM memory_vectors WHERE signs IS NULL AND octet_length(vector) = 1536 ORDER BY memory_id LIMIT $1`, signBatch)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[keptVector])
		ids, signs := make([]string, len(found)), make([]string, len(found))
		for i, kept := range found {
			ids[i], signs[i] = kept.MemoryID, signsOf(bytesVector(kept.Vector))
		}
		if err == nil && len(ids) > 0 {
			_, err = db.pool.Exec(ctx, `
				UPDATE memory_vectors v SET signs = given.signs::bit(1024)
				FROM unnest($1::text[], $2::text[]) AS given (memory_id, signs) WHERE v.memory_id = given.memory_id`, ids, signs)
		}
		if err != nil {
			return fmt.Errorf("sign the vectors of memories: %w", mapError(err))
		}
		if len(ids) < signBatch {
			return nil
		}
	}
}

// keptVector is a memory's vector.
type keptVector struct {
	MemoryID string
	Vector   []byte
}

// indexedMemories finds by the index. It returns nil where an exact search is to be
// done: there is no index of such vectors, there are few memories, or the index
// gave too few.
func (db *DB) indexedMemories(ctx context.Context, f memory.Filter, p memory.Probe) ([]memory.Hit, error) {
	indexed, err := db.memoryIndexed(ctx)
	if err != nil || !indexed || len(p.Vector) != indexDimensions {
		return nil, err
	}
	small := exactBelow
	if db.memoryIndex.always {
		small = 0
	}
	few, err := db.countMemories(ctx, f, p, small)
	if err != nil || few < small {
		return nil, err
	}
	a := &arguments{}
	where := memoryWhere(f, a) + ` AND embedder = ` + a.add(p.Embedder)
	// A filter that lets few through has the index go on until there are enough,
	// which takes longer also where the first look would do.
	for _, scan := range []string{"off", "strict_order"} {
		found, err := db.scanIndex(ctx, where, a, p, scan)
		if err != nil || len(found) >= min(p.Window, few) {
			return found, err
		}
	}
	return nil, nil
}

// countMemories is how many vectors a search may look at, up to most; it counts what
// has expired, too. It reads an index alone.
func (db *DB) countMemories(ctx context.Context, f memory.Filter, p memory.Probe, most int) (n int, err error) {
	a := &arguments{}
	branches := memoryReadable(f, a)
	embedder, limit := a.add(p.Embedder), a.add(most)
	for i, readable := range branches {
		branches[i] = `(SELECT FROM memory_vectors WHERE ` + readable + ` AND embedder = ` + embedder + ` LIMIT ` + limit + `)`
	}
	b := &pgx.Batch{}
	b.Queue(customPlans)
	b.Queue(`SELECT count(*) FROM (`+strings.Join(branches, ` UNION ALL `)+`) few`, a.values...).
		QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	return n, db.pool.SendBatch(ctx, b).Close()
}

// indexPlan has the index scanned whatever the arguments, so that a plan is made once
// for each connection.
const indexPlan = `SELECT set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', $2, true), set_config('plan_cache_mode', 'force_generic_plan', true),
	set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`

// scanIndex is a search of the index in one of pgvector's ways.
func (db *DB) scanIndex(ctx context.Context, where string, a *arguments, p memory.Probe, scan string) (found []memory.Hit, err error) {
	given := arguments{slices.Clone(a.values)}
	b := &pgx.Batch{}
	b.Queue(indexPlan, strconv.Itoa(min(searched*p.Window/2, maxSearch)), scan)
	b.Queue(`
		SELECT memory_id, outcome, created_at, vector FROM memory_vectors WHERE `+where+`
		ORDER BY signs <~> `+given.add(signsOf(p.Vector))+`::bit(1024) LIMIT `+given.add(compared*p.Window/2), given.values...).Query(func(rows pgx.Rows) (err error) {
		found, err = collectHits(rows, p.Vector)
		return err
	})
	return found, db.pool.SendBatch(ctx, b).Close()
}
