package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// CreateGoal writes the goal, an event "goal.accepted" and the job that plans
// it, all or nothing. ErrConflict: the id is taken, or an open goal has the twin.
// A twin of "" is none.
func (db *DB) CreateGoal(ctx context.Context, g aegis.Goal, twin string) error {
	created := orNow(g.CreatedAt)
	b := &pgx.Batch{}
	if len(g.DependsOn) > 0 { // they don't end between this and their look for who waits for them
		b.Queue(`SELECT 1 FROM goals WHERE goal_id = ANY ($1) ORDER BY goal_id FOR SHARE`, g.DependsOn)
	}
	b.Queue(`
		INSERT INTO goals (goal_id, spec, state, submitter, understanding, error, trace_id, agent, depends_on, twin, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
		g.GoalID, g.GoalSpec, g.State, g.Submitter, g.Understanding, g.Error, g.TraceID, g.Agent, list(g.DependsOn), twin, created)
	if g.TraceID != "" {
		appendTrace(b, aegis.TaskTrace{TraceID: g.TraceID, GoalID: g.GoalID})
	}
	enqueueGoals(b, `goal_id = $5`, g.GoalID)
	appendEvents(b, goalEvent(g))
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("create goal %s: %w", g.GoalID, err)
	}
	return nil
}

// fairShare is how many goals a submitter may have waiting before the next ones wait
// behind those of others.
const fairShare = 20

// queueGoalJobs queues the jobs that plan the goals for which a condition holds, by
// their priority and after the goals of those who ask for less.
const queueGoalJobs = `
	INSERT INTO river_job (kind, queue, args, max_attempts, priority)
	SELECT $1, $2, jsonb_build_object('goal_id', goal_id), $3,
		least(4, CASE spec ->> 'priority' WHEN 'high' THEN 1 WHEN 'low' THEN 3 ELSE 2 END + (
			SELECT count(*) >= $4 FROM (SELECT FROM goals w WHERE w.submitter = g.submitter AND w.state = 'accepted' LIMIT $4) waiting
		)::int)
	FROM goals g WHERE `

func enqueueGoals(b *pgx.Batch, condition, goalID string) {
	b.Queue(queueGoalJobs+condition, goalJob{}.Kind(), queueGoals, jobAttempts, fairShare, goalID)
	notifyQueue(b, queueGoals)
}

// OpenTwin finds the open goal with a twin; ErrNotFound.
func (db *DB) OpenTwin(ctx context.Context, twin string) (aegis.Goal, error) {
	var id string
	err := db.pool.QueryRow(ctx, `
		SELECT goal_id FROM goals WHERE twin = $1 AND twin <> '' AND state IN ('accepted', 'planning', 'running')`, twin).Scan(&id)
	if err != nil {
		return aegis.Goal{}, fmt.Errorf("find an equal goal: %w", mapError(err))
	}
	return db.Goal(ctx, id)
}

// orNow is t, or the time of this machine when it is zero; it only dates rows.
func orNow(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now()
	}
	return t
}

// goalEvent says where a goal stands: data has goal_id, state and error.
func goalEvent(g aegis.Goal) aegis.Event {
	return aegis.Event{
		Kind: "goal", ID: g.GoalID, GoalID: g.GoalID, Type: "goal." + string(g.State),
		Data: eventData(map[string]any{"goal_id": g.GoalID, "state": g.State, "error": g.Error}),
	}
}

// UpdateGoal writes the goal's state, understanding, plan, result, error and
// trace, to which it adds the steps, with an event "goal.<state>". Its end wakes
// the goals that depend on it. ErrConflict:
// the goal is in another, terminal state.
func (db *DB) UpdateGoal(ctx context.Context, g aegis.Goal, steps ...aegis.TraceStep) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		var updated bool
		err := tx.QueryRow(ctx, `
			WITH updated AS (
				UPDATE goals
				SET state = $2, understanding = $3, error = $4, trace_id = $5, plan = $6, result = $7, updated_at = now()
				WHERE goal_id = $1 AND (state = $2 OR state IN ('accepted', 'planning', 'running'))
				RETURNING 1
			)
			SELECT EXISTS (SELECT 1 FROM updated) FROM goals WHERE goal_id = $1`,
			g.GoalID, g.State, g.Understanding, g.Error, g.TraceID, g.Plan, g.Result).Scan(&updated)
		if err != nil {
			return err
		}
		if !updated {
			return fmt.Errorf("it has ended: %w", aegis.ErrConflict)
		}
		b := &pgx.Batch{}
		if g.TraceID != "" && (len(steps) > 0 || g.State.Terminal()) {
			appendTrace(b, traceOf(g, steps))
		}
		if g.State.Terminal() {
			enqueueGoals(b, `depends_on @> ARRAY[$5] AND depends_on <> '{}' AND state = 'accepted'`, g.GoalID)
		}
		appendEvents(b, goalEvent(g))
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("update goal %s: %w", g.GoalID, err)
	}
	return nil
}

// traceOf is what steps add to a goal's trace; its end is the trace's outcome.
func traceOf(g aegis.Goal, steps []aegis.TraceStep) aegis.TaskTrace {
	t := aegis.TaskTrace{TraceID: g.TraceID, GoalID: g.GoalID, Steps: steps}
	for _, s := range steps {
		t.LatencyMS, t.ModelCalls, t.TokenCost = t.LatencyMS+s.DurationMS, t.ModelCalls+s.ModelCalls, t.TokenCost+s.CostUSD
		t.ToolCalls += s.ToolCalls
	}
	if g.State.Terminal() {
		t.Outcome = string(g.State)
	}
	return t
}

// goalRow is a row of goals with the change sets proposed for it.
type goalRow struct {
	Spec          aegis.GoalSpec
	State         aegis.GoalState
	Submitter     string
	Understanding string
	Error         string
	TraceID       string
	Agent         string
	Plan          *aegis.GoalPlan
	Result        *aegis.GoalResult
	CreatedAt     time.Time
	UpdatedAt     time.Time
	ChangeSetIDs  []string `db:"change_set_ids"`
}

func (r goalRow) goal() aegis.Goal {
	return aegis.Goal{
		GoalSpec: r.Spec, State: r.State, Agent: r.Agent, Submitter: r.Submitter, ChangeSetIDs: r.ChangeSetIDs,
		Understanding: r.Understanding, Plan: r.Plan, Result: r.Result, Error: r.Error, TraceID: r.TraceID, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// Goal returns ErrNotFound when there is none.
func (db *DB) Goal(ctx context.Context, id string) (aegis.Goal, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT spec, state, submitter, understanding, error, trace_id, agent, plan, result, created_at, updated_at,
			ARRAY(SELECT change_set_id FROM change_sets c WHERE c.goal_id = goals.goal_id AND c.goal_id <> ''
				ORDER BY c.created_at, c.change_set_id) AS change_set_ids
		FROM goals WHERE goal_id = $1`, id)
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[goalRow])
	if err != nil {
		return aegis.Goal{}, fmt.Errorf("read goal %s: %w", id, mapError(err))
	}
	return row.goal(), nil
}

// Goals lists goals, newest first, and returns the cursor of the next page.
func (db *DB) Goals(ctx context.Context, page aegis.Page) ([]aegis.Goal, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT spec, state, submitter, understanding, error, trace_id, agent, plan, result, created_at, updated_at,
			ARRAY(SELECT change_set_id FROM change_sets c WHERE c.goal_id = goals.goal_id AND c.goal_id <> ''
				ORDER BY c.created_at, c.change_set_id) AS change_set_ids
		FROM goals
		WHERE (created_at, goal_id) < ($1, $2)
		ORDER BY created_at DESC, goal_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[goalRow])
	if err != nil {
		return nil, "", fmt.Errorf("list goals: %w", mapError(err))
	}
	found, next := cut(found, k, func(r goalRow) cursor { return cursor{r.CreatedAt, r.Spec.GoalID} })
	goals := make([]aegis.Goal, len(found))
	for i, r := range found {
		goals[i] = r.goal()
	}
	return goals, next, nil
}
