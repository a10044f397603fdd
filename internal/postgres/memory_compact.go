package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

const (
	// forgetBatch is how many memories are removed at a time.
	forgetBatch = 5000
	// mergeBatch is how many memories are merged at a time.
	mergeBatch = 500
	// groupsAtOnce bounds the goals, or agents, that one look for work finds.
	groupsAtOnce = 100
)

// CompactMemories forgets, sums up and embeds anew. Of several callers each memory is
// merged by one, and embedded by one.
func (db *DB) CompactMemories(ctx context.Context, c memory.Compaction) (done memory.Compacted, err error) {
	if done.Expired, err = db.expireMemories(ctx, c.Now); err == nil {
		done.Merged, done.Summaries, err = db.mergeMemories(ctx, c)
	}
	if err == nil {
		done.Dropped, err = db.boundMemories(ctx, c.PerAgent)
	}
	if err == nil {
		err = db.signMemories(ctx)
	}
	if err == nil {
		done.Embedded, err = db.embedMemories(ctx, c)
	}
	if err != nil {
		return done, fmt.Errorf("compact memories: %w", mapError(err))
	}
	return done, nil
}

func (db *DB) expireMemories(ctx context.Context, now time.Time) (int, error) {
	return db.forget(ctx, `
		DELETE FROM memories WHERE memory_id IN (SELECT memory_id FROM memories WHERE expires_at <= $1 LIMIT $2)`, now, forgetBatch)
}

// forget repeats a removal until it removes nothing.
func (db *DB) forget(ctx context.Context, statement string, args ...any) (int, error) {
	for total := 0; ; {
		tag, err := db.pool.Exec(ctx, statement, args...)
		if err != nil || tag.RowsAffected() == 0 {
			return total, err
		}
		total += int(tag.RowsAffected())
	}
}

// episodes are an agent's episodic memories of one goal.
type episodes struct {
	AgentID string
	Scope   string
}

func (db *DB) mergeMemories(ctx context.Context, c memory.Compaction) (merged, summaries int, err error) {
	for {
		rows, _ := db.pool.Query(ctx, `
			SELECT agent_id, scope FROM memories WHERE kind = 'episodic' AND scope <> ''
			GROUP BY agent_id, scope HAVING count(*) > $1 ORDER BY agent_id, scope LIMIT $2`, c.PerGoal, groupsAtOnce)
		groups, err := pgx.CollectRows(rows, pgx.RowToStructByName[episodes])
		if err != nil || len(groups) == 0 {
			return merged, summaries, err
		}
		progress := false
		for _, g := range groups {
			n, err := db.mergeEpisodes(ctx, c, g)
			if err != nil {
				return merged, summaries, err
			}
			if n > 0 {
				merged, summaries, progress = merged+n, summaries+1, true
			}
		}
		if !progress { // another process is at them
			return merged, summaries, nil
		}
	}
}

// mergeEpisodes makes one of the oldest, so that no more than PerGoal are left. It
// returns how many it merged: 0 when somebody else did.
func (db *DB) mergeEpisodes(ctx context.Context, c memory.Compaction, g episodes) (int, error) {
	rows, _ := db.pool.Query(ctx, `
		WITH all_of AS (SELECT * FROM memories WHERE agent_id = $1 AND scope = $2 AND kind = 'episodic')
		SELECT `+memoryColumns+`, 0::float8 AS score FROM all_of
		ORDER BY created_at, memory_id LIMIT least(greatest((SELECT count(*) FROM all_of) - $3 + 1, 0), $4)`, g.AgentID, g.Scope, c.PerGoal, mergeBatch)
	oldest, err := collectMemories(rows)
	if err != nil || len(oldest) < 2 {
		return 0, err
	}
	summary, err := c.Merge(ctx, oldest)
	if err != nil {
		return 0, err
	}
	err = db.replaceMemories(ctx, oldest, summary)
	if errors.Is(err, aegis.ErrConflict) {
		return 0, nil
	}
	return len(oldest), err
}

// replaceMemories puts one memory in the place of others. ErrConflict: some of them
// are gone.
func (db *DB) replaceMemories(ctx context.Context, old []aegis.Memory, by memory.Entry) error {
	ids := make([]string, len(old))
	for i, m := range old {
		ids[i] = m.MemoryID
	}
	return db.transact(ctx, func(tx pgx.Tx) error {
		// In one order, so that two that merge the same wait for one another.
		rows, _ := tx.Query(ctx, `SELECT memory_id FROM memories WHERE memory_id = ANY ($1) ORDER BY memory_id FOR UPDATE`, ids)
		there, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if len(there) < len(ids) {
			return aegis.ErrConflict
		}
		b := &pgx.Batch{}
		b.Queue(`DELETE FROM memories WHERE memory_id = ANY ($1)`, ids)
		queueMemory(b, by)
		return sendIn(ctx, tx, b)
	})
}

// boundMemories forgets what agents have beyond their bound: episodic memories
// first, semantic ones last, the oldest of each first.
func (db *DB) boundMemories(ctx context.Context, most int) (int, error) {
	return db.forget(ctx, `
		WITH crowded AS (
			SELECT agent_id, count(*) - $1 AS beyond FROM memories GROUP BY agent_id HAVING count(*) > $1 LIMIT $2
		), ranked AS (
			SELECT m.memory_id, c.beyond, row_number() OVER (
				PARTITION BY m.agent_id
				ORDER BY array_position(ARRAY['episodic', 'session', 'semantic'], m.kind), m.created_at, m.memory_id) AS place
			FROM memories m JOIN crowded c USING (agent_id)
		)
		DELETE FROM memories WHERE memory_id IN (SELECT memory_id FROM ranked WHERE place <= beyond LIMIT $3)`,
		most, groupsAtOnce, forgetBatch)
}
