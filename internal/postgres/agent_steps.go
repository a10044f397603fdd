package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aegisworld/aegis"
)

// SaveAgentStep adds a step of a goal, or ends the one with its number, with an
// event "goal.step", in one round trip. ErrConflict: the step has ended.
func (db *DB) SaveAgentStep(ctx context.Context, s aegis.AgentStep) error {
	b, touched := &pgx.Batch{}, int64(0)
	b.Queue(`
		INSERT INTO agent_steps (goal_id, number, step, ended, started_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (goal_id, number) DO UPDATE SET step = excluded.step, ended = excluded.ended WHERE NOT agent_steps.ended`,
		s.GoalID, s.Number, s, s.EndedAt != nil, s.StartedAt).Exec(func(tag pgconn.CommandTag) error {
		touched = tag.RowsAffected()
		return nil
	})
	appendEvents(b, aegis.Event{ // said once more when the step has ended, which tells nobody anything new
		Kind: "goal", ID: s.GoalID, GoalID: s.GoalID, Type: "goal.step",
		Data: eventData(map[string]any{"goal_id": s.GoalID, "number": s.Number, "tool": s.Tool, "ended": s.EndedAt != nil, "error": s.Error}),
	})
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("save step %d of goal %s: %w", s.Number, s.GoalID, err)
	}
	if touched == 0 {
		return fmt.Errorf("save step %d of goal %s: it has ended: %w", s.Number, s.GoalID, aegis.ErrConflict)
	}
	return nil
}

// AgentSteps lists the steps of a goal in their order; none when there is no such
// goal.
func (db *DB) AgentSteps(ctx context.Context, goalID string) ([]aegis.AgentStep, error) {
	rows, _ := db.pool.Query(ctx, `SELECT step FROM agent_steps WHERE goal_id = $1 ORDER BY number`, goalID)
	steps, err := pgx.CollectRows(rows, pgx.RowTo[aegis.AgentStep])
	if err != nil {
		return nil, fmt.Errorf("read the steps of goal %s: %w", goalID, mapError(err))
	}
	return steps, nil
}
