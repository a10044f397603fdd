package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// CreateAgent keeps an agent. ErrConflict: the id or the name is taken.
func (db *DB) CreateAgent(ctx context.Context, a aegis.Agent) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO agents (agent_id, name, role, envelope, created_by, created_at, tools, models) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.AgentID, a.Name, a.Role, a.Envelope, a.CreatedBy, orNow(a.CreatedAt), list(a.Tools), list(a.Models))
	if err != nil {
		return fmt.Errorf("create agent %s: %w", a.Name, mapError(err))
	}
	return nil
}

// list is a list for JSON, never null.
func list(items []string) []string { return append([]string{}, items...) }

// Agent reads an agent by its id or its name; ErrNotFound.
func (db *DB) Agent(ctx context.Context, id string) (aegis.Agent, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT agent_id, name, role, envelope, created_by, created_at, tools, models FROM agents WHERE agent_id = $1 OR name = $1`, id)
	agent, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Agent])
	if err != nil {
		return aegis.Agent{}, fmt.Errorf("read agent %s: %w", id, mapError(err))
	}
	return agent, nil
}

// MayAct says whether an agent may have goals carried out: who made it has a token that
// may operate, by that name. ErrForbidden says who has none any more; ErrNotFound.
func (db *DB) MayAct(ctx context.Context, name string) error {
	var creator string
	var may bool
	err := db.pool.QueryRow(ctx, `
		SELECT created_by, EXISTS (
			SELECT 1 FROM tokens
			WHERE tokens.name = agents.created_by AND tokens.role = ANY ($2) AND revoked_at IS NULL AND coalesce(expires_at > now(), true)
		) FROM agents WHERE agents.name = $1`, name, aegis.OperatingRoles()).Scan(&creator, &may)
	switch {
	case err != nil:
		return fmt.Errorf("look for who made agent %s: %w", name, mapError(err))
	case !may:
		return fmt.Errorf("agent %s was made by %s, who may not operate any more; have someone who may make another: %w", name, creator, aegis.ErrForbidden)
	default:
		return nil
	}
}

// Agents lists agents, newest first, and returns the cursor of the next page.
func (db *DB) Agents(ctx context.Context, page aegis.Page) ([]aegis.Agent, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT agent_id, name, role, envelope, created_by, created_at, tools, models
		FROM agents
		WHERE (created_at, agent_id) < ($1, $2)
		ORDER BY created_at DESC, agent_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Agent])
	if err != nil {
		return nil, "", fmt.Errorf("list agents: %w", mapError(err))
	}
	found, next := cut(found, k, func(a aegis.Agent) cursor { return cursor{a.CreatedAt, a.AgentID} })
	return found, next, nil
}
