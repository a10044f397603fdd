package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// UpsertStack makes the stack known, in the state given (pending when empty),
// with an event "stack.added". Of a known one it updates what describes it:
// kind, environment, layer, region, source, set and dependencies, never its mode
// or what was observed or applied.
func (db *DB) UpsertStack(ctx context.Context, s aegis.Stack) error {
	if s.State == "" {
		s.State = aegis.StackPending
	}
	if s.Mode == "" {
		s.Mode = aegis.ModeManage
	}
	err := db.transact(ctx, func(tx pgx.Tx) error {
		var added bool
		err := tx.QueryRow(ctx, `
			INSERT INTO stacks (stack_id, kind, environment, layer, region, state, error, resource_count, source, depends_on, created_at, updated_at,
				mode, set_name)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)
			ON CONFLICT (stack_id) DO UPDATE SET
				kind = excluded.kind, environment = excluded.environment, layer = excluded.layer, region = excluded.region,
				source = excluded.source, depends_on = excluded.depends_on, set_name = excluded.set_name, updated_at = now()
			RETURNING xmax = 0`,
			s.StackID, s.Kind, s.Environment, s.Layer, s.Region, s.State, s.Error, s.ResourceCount,
			s.Source, emptyNotNil(s.DependsOn), orNow(s.CreatedAt), s.Mode, s.Set).Scan(&added)
		if err != nil || !added {
			return err
		}
		b := &pgx.Batch{}
		appendEvents(b, stackEvent("stack.added", s.StackID, s.State, s.Error))
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("upsert stack %s: %w", s.StackID, err)
	}
	return nil
}

func emptyNotNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// stackEvent has stack_id, state and error as its data.
func stackEvent(kind, stackID string, state aegis.StackState, errText string) aegis.Event {
	return aegis.Event{
		Kind: "stack", ID: stackID, Type: kind,
		Data: eventData(map[string]any{"stack_id": stackID, "state": state, "error": errText}),
	}
}

// SetStackState writes what was found of a stack, with an event
// "stack.<state>" when the state or the error changed. reconciledAt nil leaves
// last_reconciled_at as it is, and a negative resourceCount the count.
func (db *DB) SetStackState(ctx context.Context, id string, state aegis.StackState, errText string, resourceCount int, reconciledAt *time.Time) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		var changed bool
		err := tx.QueryRow(ctx, `
			WITH old AS (SELECT stack_id, state, error FROM stacks WHERE stack_id = $1 FOR UPDATE)
			UPDATE stacks SET
				state = $2, error = $3, updated_at = now(),
				resource_count = CASE WHEN $4 < 0 THEN resource_count ELSE $4 END,
				last_reconciled_at = coalesce($5, last_reconciled_at)
			FROM old
			WHERE stacks.stack_id = old.stack_id
			RETURNING old.state <> $2 OR old.error <> $3`,
			id, state, errText, resourceCount, reconciledAt).Scan(&changed)
		if err != nil || !changed {
			return err
		}
		b := &pgx.Batch{}
		appendEvents(b, stackEvent("stack."+string(state), id, state, errText))
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("set state of stack %s: %w", id, err)
	}
	return nil
}

// Stack reads a stack with its newest spec; ErrNotFound when there is none.
func (db *DB) Stack(ctx context.Context, id string) (aegis.Stack, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT s.stack_id, kind, environment, layer, region, state, error, s.revision, resource_count,
			last_reconciled_at, source, depends_on, mode, set_name AS set, s.created_at, s.updated_at, r.spec
		FROM stacks s
		LEFT JOIN spec_revisions r ON r.stack_id = s.stack_id AND r.revision = s.revision
		WHERE s.stack_id = $1`, id)
	stack, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Stack])
	if err != nil {
		return aegis.Stack{}, fmt.Errorf("read stack %s: %w", id, mapError(err))
	}
	if stack.Spec == nil {
		return stack, nil
	}
	return stack, db.upgrade(stack.Spec, stack)
}

// Stacks lists stacks without their specs, newest first, and returns the
// cursor of the next page.
func (db *DB) Stacks(ctx context.Context, page aegis.Page) ([]aegis.Stack, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT stack_id, kind, environment, layer, region, state, error, revision, resource_count,
			last_reconciled_at, source, depends_on, mode, set_name AS set, created_at, updated_at, NULL::json AS spec
		FROM stacks
		WHERE (created_at, stack_id) < ($1, $2)
		ORDER BY created_at DESC, stack_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Stack])
	if err != nil {
		return nil, "", fmt.Errorf("list stacks: %w", mapError(err))
	}
	found, next := cut(found, k, func(s aegis.Stack) cursor { return cursor{s.CreatedAt, s.StackID} })
	return found, next, nil
}
