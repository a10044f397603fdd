package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// InsertChangeSet writes the row, an event "change_set.proposed", an empty
// trace and the job of its first step, all or nothing. ErrConflict: the id is
// taken, or the goal has ended.
func (db *DB) InsertChangeSet(ctx context.Context, cs aegis.AutonomousChangeSet) error {
	b := &pgx.Batch{}
	b.Queue(`
		INSERT INTO change_sets (change_set_id, source, goal_id, stack_ids, promotion_state, phase, change_set, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
		cs.ChangeSetID, cs.Source, cs.GoalID, emptyNotNil(cs.Target.StackIDs), cs.PromotionState, cs.Phase, cs,
		cs.Version, orNow(cs.CreatedAt))
	if cs.Policy != nil {
		addBundle(b, cs)
	}
	if cs.TraceID != "" {
		appendTrace(b, aegis.TaskTrace{TraceID: cs.TraceID, GoalID: cs.GoalID, ChangeSetID: cs.ChangeSetID})
	}
	enqueue(b, queueSteps, changeSetJob{ChangeSetID: cs.ChangeSetID, Version: cs.Version}, 0)
	appendEvents(b, aegis.Event{
		Kind: "change_set", ID: cs.ChangeSetID, GoalID: cs.GoalID, Type: "change_set.proposed",
		Data: eventData(map[string]any{
			"change_set_id": cs.ChangeSetID, "promotion_state": cs.PromotionState, "phase": cs.Phase,
			"source": cs.Source, "stack_ids": emptyNotNil(cs.Target.StackIDs), "summary": cs.Summary,
		}),
	})
	err := db.transact(ctx, func(tx pgx.Tx) error {
		if err := goalGoesOn(ctx, tx, cs.GoalID); err != nil {
			return err
		}
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("insert change set %s: %w", cs.ChangeSetID, err)
	}
	return nil
}

// goalGoesOn keeps a goal from ending until the transaction does. ErrConflict: it
// has ended.
func goalGoesOn(ctx context.Context, tx pgx.Tx, goalID string) error {
	if goalID == "" {
		return nil
	}
	var state aegis.GoalState
	err := tx.QueryRow(ctx, `SELECT state FROM goals WHERE goal_id = $1 FOR SHARE`, goalID).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err == nil && state.Terminal() {
		err = fmt.Errorf("goal %s is %s: %w", goalID, state, aegis.ErrConflict)
	}
	return err
}

// changeSetRow is the document with the columns that outrank it.
type changeSetRow struct {
	ChangeSet json.RawMessage
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (r changeSetRow) changeSet() (aegis.AutonomousChangeSet, error) {
	var cs aegis.AutonomousChangeSet
	if err := json.Unmarshal(r.ChangeSet, &cs); err != nil {
		return cs, fmt.Errorf("decode change set: %w", err)
	}
	cs.Version, cs.CreatedAt, cs.UpdatedAt = r.Version, r.CreatedAt, r.UpdatedAt
	return cs, nil
}

// ChangeSet returns ErrNotFound when there is none.
func (db *DB) ChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	rows, _ := db.pool.Query(ctx, `SELECT change_set, version, created_at, updated_at FROM change_sets WHERE change_set_id = $1`, id)
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[changeSetRow])
	if err != nil {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("read change set %s: %w", id, mapError(err))
	}
	return row.changeSet()
}

// ChangeSets lists change sets that match all of the filter's fields, newest
// first, and returns the cursor of the next page.
func (db *DB) ChangeSets(ctx context.Context, f aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT change_set, version, created_at, updated_at
		FROM change_sets
		WHERE (created_at, change_set_id) < ($1, $2)
			AND ($4 = '' OR promotion_state = $4)
			AND ($5 = '' OR stack_ids @> ARRAY[$5])
			AND ($6 = '' OR goal_id = $6)
			AND ($7 = '' OR source = $7)
		ORDER BY created_at DESC, change_set_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1, f.State, f.StackID, f.GoalID, f.Source)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[changeSetRow])
	if err != nil {
		return nil, "", fmt.Errorf("list change sets: %w", mapError(err))
	}
	sets := make([]aegis.AutonomousChangeSet, len(found))
	for i, r := range found {
		if sets[i], err = r.changeSet(); err != nil {
			return nil, "", err
		}
	}
	sets, next := cut(sets, k, func(cs aegis.AutonomousChangeSet) cursor { return cursor{cs.CreatedAt, cs.ChangeSetID} })
	return sets, next, nil
}

// Memory returns what the pipeline remembers of a change set.
func (db *DB) Memory(ctx context.Context, id string) (rollout.Memory, error) {
	var m rollout.Memory
	err := db.pool.QueryRow(ctx, `SELECT memory FROM change_sets WHERE change_set_id = $1`, id).Scan(&m)
	if err != nil {
		return m, fmt.Errorf("read memory of change set %s: %w", id, mapError(err))
	}
	return m, nil
}

// History counts the change sets that touched any of the stacks and ended
// since then.
func (db *DB) History(ctx context.Context, stackIDs []string, since time.Time) (aegis.History, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT count(*) FILTER (WHERE promotion_state = 'promoted') AS promoted,
			count(*) FILTER (WHERE promotion_state = 'rolled_back') AS rolled_back,
			count(*) FILTER (WHERE promotion_state = 'failed') AS failed
		FROM change_sets
		WHERE stack_ids && $1 AND ended_at >= $2`, emptyNotNil(stackIDs), since)
	h, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.History])
	if err != nil {
		return h, fmt.Errorf("count the history of stacks: %w", mapError(err))
	}
	return h, nil
}
