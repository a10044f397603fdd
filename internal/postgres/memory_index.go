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
	// indexBatch is how many vectors are put into the index at a time.
	indexBatch = 500
	// recheckIndex is how long a process may not know that there is an index.
	recheckIndex = time.Minute
	// healIndex is how long after it learnt of the index a process puts into it
	// what others left out that did not know of it yet.
	healIndex = 5 * recheckIndex
)

// The table that pgvector indexes: of vectors of length 1 the inner product orders
// as the cosine does. Numbers of 16 bits are enough to find what is near; how near it
// is, is worked out from the whole ones. A row goes with its memory.
const (
	createIndexed = `
		CREATE TABLE IF NOT EXISTS memory_hnsw (
			memory_id  text        PRIMARY KEY REFERENCES memories ON DELETE CASCADE,
			agent_id   text        NOT NULL,
			kind       text        NOT NULL,
			scope      text        NOT NULL,
			embedder   text        NOT NULL,
			created_at timestamptz NOT NULL,
			expires_at timestamptz,
			vector     halfvec(384) NOT NULL
		)`
	createHNSW = `CREATE INDEX IF NOT EXISTS memory_hnsw_vector ON memory_hnsw USING hnsw (vector halfvec_ip_ops) WITH (m = 24, ef_construction = 200)`
	// createAgents counts what an agent has.
	createAgents  = `CREATE INDEX IF NOT EXISTS memory_hnsw_agent ON memory_hnsw (agent_id)`
	insertIndexed = `
		INSERT INTO memory_hnsw (memory_id, agent_id, kind, scope, embedder, created_at, expires_at, vector)
		SELECT v.memory_id, v.agent_id, v.kind, v.scope, v.embedder, v.created_at, v.expires_at, given.vector::halfvec
		FROM unnest($1::text[], $2::text[]) AS given (memory_id, vector) JOIN memory_vectors v USING (memory_id)
		ON CONFLICT (memory_id) DO NOTHING`
)

// memoryIndex is what a process knows of the index.
type memoryIndex struct {
	mu      sync.Mutex
	ready   bool
	checked time.Time
	// since is when the process learnt that it is ready.
	since time.Time
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
	if err := db.pool.QueryRow(ctx, `SELECT to_regclass('memory_hnsw_vector') IS NOT NULL`).Scan(&x.ready); err != nil {
		return false, fmt.Errorf("look for the index of memories: %w", mapError(err))
	}
	x.checked = time.Now()
	x.since = x.checked
	return x.ready, nil
}

// prepareMemoryIndex makes the index where the database has pgvector and lets us
// create it, and puts into it what is not there. Without it search is exact. The
// caller holds migrateLock.
func (db *DB) prepareMemoryIndex(ctx context.Context) error {
	if db.ExactMemories || !db.createVector(ctx) {
		return nil
	}
	for _, statement := range []string{createIndexed, createAgents} {
		if _, err := db.pool.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make the index of memories: %w", mapError(err))
		}
	}
	if err := db.fillMemoryIndex(ctx); err != nil {
		return err
	}
	if err := db.buildHNSW(ctx); err != nil {
		return fmt.Errorf("make the index of memories: %w", mapError(err))
	}
	db.memoryIndex.mu.Lock()
	defer db.memoryIndex.mu.Unlock()
	db.memoryIndex.ready, db.memoryIndex.since = true, time.Now()
	return nil
}

// healMemoryIndex fills an index that is new to this process.
func (db *DB) healMemoryIndex(ctx context.Context) error {
	indexed, err := db.memoryIndexed(ctx)
	if err != nil || !indexed {
		return err
	}
	db.memoryIndex.mu.Lock()
	since := db.memoryIndex.since
	db.memoryIndex.mu.Unlock()
	if time.Since(since) > healIndex {
		return nil
	}
	return db.fillMemoryIndex(ctx)
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

// fillMemoryIndex puts vectors into the index that are not there, such as those
// that a process wrote which did not know of it.
func (db *DB) fillMemoryIndex(ctx context.Context) error {
	for after := ""; ; {
		ids, vectors, err := db.unindexed(ctx, after)
		if err == nil && len(ids) > 0 {
			_, err = db.pool.Exec(ctx, insertIndexed, ids, vectors)
		}
		if err != nil {
			return fmt.Errorf("fill the index of memories: %w", mapError(err))
		}
		if len(ids) < indexBatch {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// keptVector is a memory's vector.
type keptVector struct {
	MemoryID string
	Vector   []byte
}

// unindexed are memories that are not in the index, in the order of their ids, with
// their vectors as pgvector reads them.
func (db *DB) unindexed(ctx context.Context, after string) (ids, vectors []string, err error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT memory_id, vector FROM memory_vectors v
		WHERE memory_id > $1 AND octet_length(vector) = 4 * $2 AND NOT EXISTS (SELECT FROM memory_hnsw x WHERE x.memory_id = v.memory_id)
		ORDER BY memory_id LIMIT $3`, after, indexDimensions, indexBatch)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[keptVector])
	for _, kept := range found {
		ids, vectors = append(ids, kept.MemoryID), append(vectors, vectorText(bytesVector(kept.Vector)))
	}
	return ids, vectors, err
}

// indexedMemories finds by the index. It returns nil where an exact search is to be
// done: there is no index of such vectors, there are few memories, or the index
// gave too few.
func (db *DB) indexedMemories(ctx context.Context, f memory.Filter, p memory.Probe) ([]string, error) {
	indexed, err := db.memoryIndexed(ctx)
	if err != nil || !indexed || len(p.Vector) != indexDimensions {
		return nil, err
	}
	a := &arguments{}
	where := memoryWhere(f, a) + ` AND embedder = ` + a.add(p.Embedder)
	small, few := exactBelow, 0
	if db.memoryIndex.always {
		small = 0
	}
	b := &pgx.Batch{}
	b.Queue(customPlans)
	b.Queue(`SELECT count(*) FROM (SELECT FROM memory_hnsw WHERE `+where+` LIMIT `+strconv.Itoa(small)+`) few`, a.values...).
		QueryRow(func(row pgx.Row) error { return row.Scan(&few) })
	if err := db.pool.SendBatch(ctx, b).Close(); err != nil || few < small {
		return nil, err
	}
	// A filter that lets few through has the index go on until there are enough,
	// which takes longer also where the first look would do.
	for _, scan := range []string{"off", "strict_order"} {
		ids, err := db.scanIndex(ctx, where, a, p, scan)
		if err != nil || len(ids) >= min(p.Window, few) {
			return ids, err
		}
	}
	return nil, nil
}

// scanIndex is a search of the index in one of pgvector's ways.
func (db *DB) scanIndex(ctx context.Context, where string, a *arguments, p memory.Probe, scan string) (ids []string, err error) {
	given := arguments{slices.Clone(a.values)}
	b := &pgx.Batch{}
	b.Queue(customPlans)
	b.Queue(`SELECT set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', $2, true),
		set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`, strconv.Itoa(min(2*p.Window, 1000)), scan)
	b.Queue(`
		SELECT memory_id FROM memory_hnsw WHERE `+where+`
		ORDER BY vector <#> `+given.add(vectorText(p.Vector))+`::halfvec LIMIT `+given.add(p.Window), given.values...).Query(func(rows pgx.Rows) (err error) {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, db.pool.SendBatch(ctx, b).Close()
}

// vectorText is a vector as pgvector reads it.
func vectorText(v []float32) string {
	b := append(make([]byte, 0, 12*len(v)), '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(x), 'g', -1, 32)
	}
	return string(append(b, ']'))
}
