package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// SaveAgentStep adds a step of a goal, or ends the one with its number, with an
// event "goal.step". ErrConflict: the step has ended.
func (db *DB) SaveAgentStep(ctx context.Context, s aegis.AgentStep) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO agent_steps (goal_id, number, step, ended, started_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (goal_id, number) DO UPDATE SET step = excluded.step, ended = excluded.ended WHERE NOT agent_steps.ended`,
			s.GoalID, s.Number, s, s.EndedAt != nil, s.StartedAt)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("it has ended: %w", aegis.ErrConflict)
		}
		b := &pgx.Batch{}
		appendEvents(b, aegis.Event{
			Kind: "goal", ID: s.GoalID, GoalID: s.GoalID, Type: "goal.step",
			Data: eventData(map[string]any{"goal_id": s.GoalID, "number": s.Number, "tool": s.Tool, "ended": s.EndedAt != nil, "error": s.Error}),
		})
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("save step %d of goal %s: %w", s.Number, s.GoalID, mapError(err))
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
