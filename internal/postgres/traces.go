package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// appendTrace queues the addition of t to the trace with its id, which is made
// if need be: steps are appended, counts added, an outcome replaces the old.
func appendTrace(b *pgx.Batch, t aegis.TaskTrace) {
	b.Queue(`
		INSERT INTO traces (trace_id, goal_id, change_set_id, tool_calls, model_calls, latency_ms, token_cost, outcome)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (trace_id) DO UPDATE SET
			tool_calls = traces.tool_calls + excluded.tool_calls,
			model_calls = traces.model_calls + excluded.model_calls,
			latency_ms = traces.latency_ms + excluded.latency_ms,
			token_cost = traces.token_cost + excluded.token_cost,
			outcome = CASE excluded.outcome WHEN '' THEN traces.outcome ELSE excluded.outcome END`,
		t.TraceID, t.GoalID, t.ChangeSetID, t.ToolCalls, t.ModelCalls, t.LatencyMS, t.TokenCost, t.Outcome)
	for _, step := range t.Steps {
		b.Queue(`INSERT INTO trace_steps (trace_id, step) VALUES ($1, $2)`, t.TraceID, step)
	}
}

// traceRow is a row of traces with its steps as one JSON array.
type traceRow struct {
	TraceID     string
	GoalID      string
	ChangeSetID string
	ToolCalls   int
	ModelCalls  int
	LatencyMS   int64
	TokenCost   float64
	Outcome     string
	CreatedAt   time.Time
	Steps       json.RawMessage
}

func (r traceRow) trace() (aegis.TaskTrace, error) {
	t := aegis.TaskTrace{
		TraceID: r.TraceID, GoalID: r.GoalID, ChangeSetID: r.ChangeSetID, ToolCalls: r.ToolCalls,
		ModelCalls: r.ModelCalls, LatencyMS: r.LatencyMS, TokenCost: r.TokenCost, Outcome: r.Outcome,
	}
	if err := json.Unmarshal(r.Steps, &t.Steps); err != nil {
		return aegis.TaskTrace{}, fmt.Errorf("decode steps of trace %s: %w", r.TraceID, err)
	}
	return t, nil
}

// Trace returns ErrNotFound when there is none.
func (db *DB) Trace(ctx context.Context, id string) (aegis.TaskTrace, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT trace_id, goal_id, change_set_id, tool_calls, model_calls, latency_ms, token_cost, outcome, created_at,
			(SELECT coalesce(json_agg(s.step ORDER BY s.seq), '[]') FROM trace_steps s WHERE s.trace_id = traces.trace_id) AS steps
		FROM traces WHERE trace_id = $1`, id)
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[traceRow])
	if err != nil {
		return aegis.TaskTrace{}, fmt.Errorf("read trace %s: %w", id, mapError(err))
	}
	return row.trace()
}

// Traces lists traces with their steps, newest first, and returns the cursor
// of the next page.
func (db *DB) Traces(ctx context.Context, page aegis.Page) ([]aegis.TaskTrace, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT trace_id, goal_id, change_set_id, tool_calls, model_calls, latency_ms, token_cost, outcome, created_at,
			(SELECT coalesce(json_agg(s.step ORDER BY s.seq), '[]') FROM trace_steps s WHERE s.trace_id = traces.trace_id) AS steps
		FROM traces
		WHERE (created_at, trace_id) < ($1, $2)
		ORDER BY created_at DESC, trace_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[traceRow])
	if err != nil {
		return nil, "", fmt.Errorf("list traces: %w", mapError(err))
	}
	found, next := cut(found, k, func(r traceRow) cursor { return cursor{r.CreatedAt, r.TraceID} })
	traces := make([]aegis.TaskTrace, len(found))
	for i, r := range found {
		if traces[i], err = r.trace(); err != nil {
			return nil, "", err
		}
	}
	return traces, next, nil
}
