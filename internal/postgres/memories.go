package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

// memoryColumns are those of aegis.Memory but the score.
const memoryColumns = `memory_id, agent_id, kind, scope, text, provenance, outcome, created_at, expires_at`

// SaveMemory keeps a memory with its vector, unless its id is known.
func (db *DB) SaveMemory(ctx context.Context, e memory.Entry) error {
	return db.SaveMemories(ctx, []memory.Entry{e})
}

// SaveMemories keeps all of them, or none, but for those whose id is known.
func (db *DB) SaveMemories(ctx context.Context, entries []memory.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	for _, e := range entries {
		queueMemory(b, e)
	}
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("save %d memories from %s on: %w", len(entries), entries[0].Memory.MemoryID, err)
	}
	return nil
}

func queueMemory(b *pgx.Batch, e memory.Entry) {
	m := e.Memory
	b.Queue(`
		INSERT INTO memories (`+memoryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (memory_id) DO NOTHING`,
		m.MemoryID, m.AgentID, m.Kind, m.Scope, m.Text, m.Provenance, m.Outcome, m.CreatedAt, m.ExpiresAt)
	if e.Vector == nil {
		return
	}
	b.Queue(`
		INSERT INTO memory_vectors (memory_id, agent_id, kind, scope, outcome, embedder, created_at, expires_at, vector, signs)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::bit(1024))
		ON CONFLICT (memory_id) DO NOTHING`,
		m.MemoryID, m.AgentID, m.Kind, m.Scope, m.Outcome, e.Embedder, m.CreatedAt, m.ExpiresAt, vectorBytes(e.Vector), indexedSigns(e.Vector))
}

// ListMemories lists what the filter lets through, newest first, and returns the
// cursor of the next page.
func (db *DB) ListMemories(ctx context.Context, f memory.Filter, page aegis.Page) ([]aegis.Memory, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	a := &arguments{}
	rows, _ := db.pool.Query(ctx, `
		SELECT `+memoryColumns+`, 0::float8 AS score FROM memories
		WHERE `+memoryWhere(f, a)+` AND (created_at, memory_id) < (`+a.add(k.at)+`, `+a.add(k.id)+`)
		ORDER BY created_at DESC, memory_id DESC
		LIMIT `+a.add(k.limit+1), a.values...)
	found, err := collectMemories(rows)
	if err != nil {
		return nil, "", fmt.Errorf("list the memories of agent %s: %w", f.AgentID, mapError(err))
	}
	found, next := cut(found, k, func(m aegis.Memory) cursor { return cursor{m.CreatedAt, m.MemoryID} })
	return found, next, nil
}

// ReadMemories reads those of the ids that the filter lets through.
func (db *DB) ReadMemories(ctx context.Context, f memory.Filter, ids []string) ([]aegis.Memory, error) {
	a := &arguments{}
	rows, _ := db.pool.Query(ctx, `
		SELECT `+memoryColumns+`, 0::float8 AS score FROM memories
		WHERE memory_id = ANY (`+a.add(ids)+`) AND `+memoryWhere(f, a), a.values...)
	found, err := collectMemories(rows)
	if err != nil {
		return nil, fmt.Errorf("read memories of agent %s: %w", f.AgentID, mapError(err))
	}
	return found, nil
}

func collectMemories(rows pgx.Rows) ([]aegis.Memory, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Memory])
	for i := range found {
		found[i].CreatedAt = found[i].CreatedAt.UTC()
		if at := found[i].ExpiresAt; at != nil {
			utc := at.UTC()
			found[i].ExpiresAt = &utc
		}
	}
	return found, err
}

// arguments collects the arguments of a statement that is put together.
type arguments struct {
	values []any
}

// add returns the place of an argument.
func (a *arguments) add(v any) string {
	a.values = append(a.values, v)
	return "$" + strconv.Itoa(len(a.values))
}

// memoryWhere is the condition that lets through what the filter's reader may see.
func memoryWhere(f memory.Filter, a *arguments) string {
	readable := `(` + strings.Join(memoryReadable(f, a), ` OR `) + `)`
	asOf := a.add(pgtype.Timestamptz{Time: f.AsOf, Valid: true})
	return strings.Join([]string{readable, `created_at <= ` + asOf, `(expires_at IS NULL OR expires_at > ` + asOf + `)`}, ` AND `)
}

// memoryReadable are the conditions of which one has to hold for the filter's reader
// to see a memory at any time. It is the one place where scopes are kept apart.
func memoryReadable(f memory.Filter, a *arguments) []string {
	own := `agent_id = ` + a.add(f.AgentID)
	if f.Scopes != nil {
		own += ` AND scope = ANY (` + a.add(f.Scopes) + `)`
	}
	readable := []string{own}
	if len(f.Shared) > 0 {
		readable = append(readable, `agent_id = ANY (`+a.add(f.Shared)+`) AND kind = 'semantic' AND scope = ''`)
	}
	if len(f.Kinds) > 0 {
		kinds := make([]string, len(f.Kinds))
		for i, kind := range f.Kinds {
			kinds[i] = string(kind)
		}
		given := a.add(kinds)
		for i := range readable {
			readable[i] += ` AND kind = ANY (` + given + `)`
		}
	}
	return readable
}
