package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// ruleColumns are those of aegis.DriftRule.
const ruleColumns = `rule_id, stack_id, address, attribute, reason, created_by, created_at, expires_at, drift_report_id, suggestion_id, met, last_met_at`

// rulesPerStack bounds the live rules of a stack.
const rulesPerStack = 500

// AddDriftRule keeps a rule, with an event. One that has expired makes way for one
// of the same resource and attribute. ErrConflict: there is such a rule, or the
// stack has too many.
func (db *DB) AddDriftRule(ctx context.Context, rule aegis.DriftRule) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		if err := lockReports(ctx, tx, rule.StackID); err != nil {
			return err
		}
		var live int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM drift_rules WHERE stack_id = $1 AND deleted_at IS NULL`, rule.StackID).Scan(&live)
		if err != nil {
			return err
		}
		if live >= rulesPerStack {
			return fmt.Errorf("the stack has %d rules: %w", live, aegis.ErrConflict)
		}
		b := &pgx.Batch{}
		b.Queue(`
			UPDATE drift_rules SET deleted_at = expires_at, deleted_by = 'aegis'
			WHERE stack_id = $1 AND address = $2 AND attribute = $3 AND deleted_at IS NULL AND expires_at <= now()`,
			rule.StackID, rule.Address, rule.Attribute)
		mustTouch(b.Queue(`
			INSERT INTO drift_rules (rule_id, stack_id, address, attribute, reason, created_by, created_at, expires_at, drift_report_id, suggestion_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (stack_id, address, attribute) WHERE deleted_at IS NULL DO NOTHING`,
			rule.RuleID, rule.StackID, rule.Address, rule.Attribute, rule.Reason, rule.CreatedBy, rule.CreatedAt, rule.ExpiresAt,
			rule.DriftReportID, rule.SuggestionID), aegis.ErrConflict, "there is a rule for "+strings.TrimSpace(rule.Address+" "+rule.Attribute))
		appendEvents(b, ruleEvent(aegis.EventDriftRuleAdded, rule, rule.CreatedBy))
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("add a rule of expected drift of stack %s: %w", rule.StackID, mapError(err))
	}
	return nil
}

func ruleEvent(kind string, rule aegis.DriftRule, by string) aegis.Event {
	return aegis.Event{Kind: "drift", ID: rule.RuleID, Type: kind, Data: eventData(map[string]any{
		"rule_id": rule.RuleID, "stack_id": rule.StackID, "address": rule.Address, "attribute": rule.Attribute, "reason": rule.Reason,
		"expires_at": rule.ExpiresAt, "by": by,
	})}
}

// DeleteDriftRule takes a rule back, with an event, and returns it. ErrNotFound.
func (db *DB) DeleteDriftRule(ctx context.Context, id, by string) (rule aegis.DriftRule, err error) {
	err = db.transact(ctx, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			UPDATE drift_rules SET deleted_at = now(), deleted_by = $2 WHERE rule_id = $1 AND deleted_at IS NULL
			RETURNING `+ruleColumns, id, by)
		rule, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.DriftRule])
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		appendEvents(b, ruleEvent(aegis.EventDriftRuleRemoved, rule, by))
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return rule, fmt.Errorf("delete rule %s: %w", id, mapError(err))
	}
	return rule, nil
}

// DriftRules lists the live rules of a stack, or of what belongs to none, oldest
// first.
func (db *DB) DriftRules(ctx context.Context, stackID string) ([]aegis.DriftRule, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT `+ruleColumns+` FROM drift_rules
		WHERE stack_id = $1 AND deleted_at IS NULL AND coalesce(expires_at > now(), true)
		ORDER BY created_at, rule_id`, stackID)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.DriftRule])
	if err != nil {
		return nil, fmt.Errorf("list the rules of expected drift of stack %s: %w", stackID, mapError(err))
	}
	return found, nil
}

// ListDriftRules lists live rules, of one stack where stackID is given, newest
// first, and returns the cursor of the next page.
func (db *DB) ListDriftRules(ctx context.Context, stackID string, page aegis.Page) ([]aegis.DriftRule, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT `+ruleColumns+` FROM drift_rules
		WHERE (created_at, rule_id) < ($1, $2) AND ($4 = '' OR stack_id = $4)
			AND deleted_at IS NULL AND coalesce(expires_at > now(), true)
		ORDER BY created_at DESC, rule_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1, stackID)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.DriftRule])
	if err != nil {
		return nil, "", fmt.Errorf("list rules of expected drift: %w", mapError(err))
	}
	found, next := cut(found, k, func(r aegis.DriftRule) cursor { return cursor{r.CreatedAt, r.RuleID} })
	return found, next, nil
}

// MeetDriftRules notes that each of the rules was why drift was let be.
func (db *DB) MeetDriftRules(ctx context.Context, ruleIDs []string) error {
	_, err := db.pool.Exec(ctx, `
		UPDATE drift_rules SET met = met + m.times, last_met_at = now()
		FROM (SELECT id, count(*) AS times FROM unnest($1::text[]) AS id GROUP BY id) AS m
		WHERE rule_id = m.id`, ruleIDs)
	if err != nil {
		return fmt.Errorf("count what rules of expected drift let be: %w", mapError(err))
	}
	return nil
}
