package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis/agent/memory"
)

const (
	// embedBatch is how many memories are embedded anew at a time, embedBatches how
	// often in one compaction.
	embedBatch, embedBatches = 64, 16
	// embedAlone is how long nobody else embeds a memory that somebody began with,
	// nor tries one again that failed.
	embedAlone = 10 * time.Minute
)

// embedMemories gives memories the wanted vectors that have others. Of several
// callers each memory is embedded by one. Nothing is locked while an embedder is asked.
func (db *DB) embedMemories(ctx context.Context, c memory.Compaction) (int, error) {
	if c.Embedder == "" {
		return 0, nil
	}
	total := 0
	for range embedBatches {
		stale, err := db.claimStale(ctx, c)
		if err != nil || len(stale) == 0 {
			return total, err
		}
		made, err := db.embedStale(ctx, c, stale)
		total += made
		if err != nil || made == 0 {
			return total, err
		}
	}
	return total, nil
}

// staleMemory is one whose vector is another embedder's.
type staleMemory struct {
	MemoryID string
	Text     string
}

// claimStale takes the newest of each other embedder's for some time.
func (db *DB) claimStale(ctx context.Context, c memory.Compaction) ([]staleMemory, error) {
	rows, _ := db.pool.Query(ctx, `
		WITH below AS (
			SELECT memory_id FROM memory_vectors WHERE embedder < $1 AND (embed_after IS NULL OR embed_after <= $2)
			ORDER BY embedder DESC, created_at DESC LIMIT $4 FOR UPDATE SKIP LOCKED
		), above AS (
			SELECT memory_id FROM memory_vectors WHERE embedder > $1 AND (embed_after IS NULL OR embed_after <= $2)
			ORDER BY embedder DESC, created_at DESC LIMIT $4 FOR UPDATE SKIP LOCKED
		)
		UPDATE memory_vectors v SET embed_after = $3 FROM memories m
		WHERE v.memory_id IN (SELECT memory_id FROM below UNION ALL SELECT memory_id FROM above LIMIT $4) AND m.memory_id = v.memory_id
		RETURNING v.memory_id, m.text`, c.Embedder, c.Now, c.Now.Add(embedAlone), embedBatch)
	stale, err := pgx.CollectRows(rows, pgx.RowToStructByName[staleMemory])
	if err != nil {
		return nil, fmt.Errorf("find memories to embed anew: %w", mapError(err))
	}
	return stale, nil
}

// embedStale replaces vectors, as far as there are new ones. Those of memories that
// were forgotten meanwhile go nowhere.
func (db *DB) embedStale(ctx context.Context, c memory.Compaction, stale []staleMemory) (int, error) {
	texts := make([]string, len(stale))
	for i, m := range stale {
		texts[i] = m.Text
	}
	var ids []string
	var vectors [][]byte
	var signs []*string
	for i, v := range c.Embed(ctx, texts) {
		if v != nil {
			ids, vectors, signs = append(ids, stale[i].MemoryID), append(vectors, vectorBytes(v)), append(signs, indexedSigns(v))
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	_, err := db.pool.Exec(ctx, `
		UPDATE memory_vectors v SET embedder = $1, vector = given.vector, signs = given.signs::bit(1024), embed_after = NULL
		FROM unnest($2::text[], $3::bytea[], $4::text[]) AS given (memory_id, vector, signs) WHERE v.memory_id = given.memory_id`,
		c.Embedder, ids, vectors, signs)
	if err != nil {
		return 0, fmt.Errorf("embed memories anew: %w", mapError(err))
	}
	return len(ids), nil
}

// indexedSigns are the signs of a vector that is indexed; nil of another.
func indexedSigns(v []float32) *string {
	if len(v) != indexDimensions {
		return nil
	}
	signs := signsOf(v)
	return &signs
}
