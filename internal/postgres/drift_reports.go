package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// UpdateDrift gives decide the stack's reports that are not over (open, or
// reported and left), oldest first, and keeps
// what it returns together with the events, in one transaction and one caller
// at a time for each stack; "" is what belongs to none. ErrNotFound: there is no such stack.
func (db *DB) UpdateDrift(ctx context.Context, stackID string, decide func(open []aegis.DriftReport) []aegis.DriftWrite) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		if err := lockReports(ctx, tx, stackID); err != nil {
			return err
		}
		open, err := openReports(ctx, tx, []string{stackID})
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		appendEvents(b, writeReports(b, decide(open))...)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("update drift of stack %s: %w", stackID, err)
	}
	return nil
}

// lockReports keeps others from the reports of a stack, or of no stack.
func lockReports(ctx context.Context, tx pgx.Tx, stackID string) error {
	if stackID == "" {
		_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('drift_reports'))`)
		return err
	}
	var id string
	return tx.QueryRow(ctx, `SELECT stack_id FROM stacks WHERE stack_id = $1 FOR UPDATE`, stackID).Scan(&id)
}

func openReports(ctx context.Context, tx pgx.Tx, stackIDs []string) ([]aegis.DriftReport, error) {
	rows, _ := tx.Query(ctx, `
		SELECT report FROM drift_reports WHERE stack_id = ANY($1) AND state IN ('open', 'reported')
		ORDER BY stack_id, detected_at, drift_report_id`, stackIDs)
	return pgx.CollectRows(rows, pgx.RowTo[aegis.DriftReport])
}

// writeReports queues reports and returns the events that tell of them.
func writeReports(b *pgx.Batch, writes []aegis.DriftWrite) []aegis.Event {
	var events []aegis.Event
	for _, w := range writes {
		saveReport(b, w.Report)
		if w.Event != "" {
			events = append(events, driftEvent(w))
		}
	}
	return events
}

func saveReport(b *pgx.Batch, r aegis.DriftReport) {
	b.Queue(`
		INSERT INTO drift_reports (drift_report_id, stack_id, kind, state, cause_group, report, detected_at, resolved_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (drift_report_id) DO UPDATE SET
			kind = excluded.kind, state = excluded.state, cause_group = excluded.cause_group, report = excluded.report,
			resolved_at = excluded.resolved_at`,
		r.DriftReportID, r.StackID, r.Kind, r.State, r.Cause.Group, r, r.DetectedAt, r.ResolvedAt)
}

func driftEvent(w aegis.DriftWrite) aegis.Event {
	data, err := json.Marshal(w.Report)
	if err != nil {
		panic(fmt.Sprintf("drift report %s: %v", w.Report.DriftReportID, err)) // it was decoded from JSON
	}
	return aegis.Event{Kind: "drift", ID: w.Report.DriftReportID, Type: w.Event, Data: data}
}

// correctDrift closes the open reports of the stacks that a change set left
// clean, as a read of them showed, and returns what is to be written.
func correctDrift(ctx context.Context, tx pgx.Tx, step rollout.Step, clean []string) ([]aegis.DriftWrite, error) {
	cs := step.ChangeSet
	read := len(cs.Diff) > 0 || cs.Source == aegis.SourceDrift || cs.Source == aegis.SourceReconcile
	if len(clean) == 0 || !read || cs.PromotionState != aegis.StatePromoted {
		return nil, nil
	}
	open, err := openReports(ctx, tx, clean)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	left := map[string]bool{}
	for _, s := range step.Stacks {
		left[s.StackID] = s.State == aegis.StackDrifted
	}
	var writes []aegis.DriftWrite
	for _, r := range open {
		// What no stack manages is gone only by a change set of its own, which
		// looked at nothing else.
		removes := cs.Target.Kind == aegis.TargetAWSResource
		if removes != (r.Kind == aegis.DriftUnmanaged) || removes && r.ChangeSetID != cs.ChangeSetID {
			continue
		}
		if w, changed := undone(r, cs, left[r.StackID], now); changed {
			writes = append(writes, w)
		}
	}
	return writes, nil
}

// undone is a report without what a promoted change set undid or adopted; left says
// that it left drift.
func undone(r aegis.DriftReport, cs aegis.AutonomousChangeSet, left bool, now time.Time) (w aegis.DriftWrite, changed bool) {
	rest := uncorrected(r, cs, left)
	if len(rest) == 0 {
		event := aegis.EventDriftCorrected
		r.State, r.ResolvedAt, r.ChangeSetID = aegis.DriftCorrected, &now, cs.ChangeSetID
		if cs.Adopts() {
			r.State, event = aegis.DriftAdopted, aegis.EventDriftAdopted
		}
		return aegis.DriftWrite{Report: r, Event: event}, true
	}
	changed = len(rest) < len(r.Changes)
	r.Changes = rest
	if changed && !slices.ContainsFunc(rest, func(c aegis.DriftChange) bool { return c.Decision == aegis.CorrectDrift }) {
		r.State, r.ResolvedAt = aegis.DriftReported, &now
	}
	return aegis.DriftWrite{Report: r}, changed
}

// uncorrected are the changes of a report that a promoted change set did not undo:
// those in resources that it did not name, and, where it left drift, those that are
// to be left.
func uncorrected(r aegis.DriftReport, cs aegis.AutonomousChangeSet, left bool) []aegis.DriftChange {
	if r.Kind == aegis.DriftUnmanaged {
		return nil
	}
	var rest []aegis.DriftChange
	for _, c := range r.Changes {
		beside := len(cs.Target.Addresses) > 0 && !slices.Contains(cs.Target.Addresses, c.Address)
		if beside || left && !cs.Adopts() && !slices.Contains(cs.Target.Addresses, c.Address) && (c.Decision == aegis.ReportDrift || c.Decision == aegis.AdoptDrift) {
			rest = append(rest, c)
		}
	}
	return rest
}

// DriftLeft are the attributes that open reports of the stack leave as they are,
// as rules that have the report's id.
func (db *DB) DriftLeft(ctx context.Context, stackID string) ([]aegis.DriftRule, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT report FROM drift_reports WHERE stack_id = $1 AND state IN ('open', 'reported') AND kind <> 'unmanaged'`, stackID)
	open, err := pgx.CollectRows(rows, pgx.RowTo[aegis.DriftReport])
	if err != nil {
		return nil, fmt.Errorf("list what drift of stack %s is left: %w", stackID, mapError(err))
	}
	var left []aegis.DriftRule
	for _, r := range open {
		for _, c := range r.Changes {
			if c.Decision == aegis.ReportDrift || c.Decision == aegis.AdoptDrift {
				left = append(left, aegis.DriftRule{RuleID: r.DriftReportID, StackID: stackID, Address: c.Address, Attribute: c.Attribute})
			}
		}
	}
	return left, nil
}

// DriftReport reads a report; ErrNotFound when there is none.
func (db *DB) DriftReport(ctx context.Context, id string) (aegis.DriftReport, error) {
	rows, _ := db.pool.Query(ctx, `SELECT report FROM drift_reports WHERE drift_report_id = $1`, id)
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[aegis.DriftReport])
	if err != nil {
		return aegis.DriftReport{}, fmt.Errorf("read drift report %s: %w", id, mapError(err))
	}
	return r, nil
}

// DriftReports lists reports, newest first, and returns the cursor of the next
// page.
func (db *DB) DriftReports(ctx context.Context, f aegis.DriftFilter, page aegis.Page) ([]aegis.DriftReport, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT report FROM drift_reports
		WHERE (detected_at, drift_report_id) < ($1, $2)
			AND ($4 = '' OR stack_id = $4) AND ($5 = '' OR kind = $5) AND ($6 = '' OR state = $6) AND ($7 = '' OR cause_group = $7)
		ORDER BY detected_at DESC, drift_report_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1, f.StackID, f.Kind, f.State, f.Group)
	found, err := pgx.CollectRows(rows, pgx.RowTo[aegis.DriftReport])
	if err != nil {
		return nil, "", fmt.Errorf("list drift reports: %w", mapError(err))
	}
	found, next := cut(found, k, func(r aegis.DriftReport) cursor { return cursor{r.DetectedAt, r.DriftReportID} })
	return found, next, nil
}

// stacksInGroup bounds the stacks that a group names.
const stacksInGroup = 1000

// DriftGroups sums up reports by cause, the cause seen last first, and returns
// the cursor of the next page.
func (db *DB) DriftGroups(ctx context.Context, f aegis.DriftFilter, page aegis.Page) ([]aegis.DriftGroup, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT cause_group AS group,
			(array_agg(report -> 'cause' ORDER BY detected_at DESC, drift_report_id DESC))[1] AS cause,
			count(*) AS reports, count(*) FILTER (WHERE state = 'open') AS open,
			array_agg(DISTINCT stack_id) AS stack_ids, min(detected_at) AS first_detected_at, max(detected_at) AS last_detected_at
		FROM drift_reports
		WHERE ($4 = '' OR stack_id = $4) AND ($5 = '' OR kind = $5) AND ($6 = '' OR state = $6) AND ($7 = '' OR cause_group = $7)
		GROUP BY cause_group
		HAVING (max(detected_at), cause_group) < ($1, $2)
		ORDER BY max(detected_at) DESC, cause_group DESC
		LIMIT $3`, k.at, k.id, k.limit+1, f.StackID, f.Kind, f.State, f.Group)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.DriftGroup])
	if err != nil {
		return nil, "", fmt.Errorf("list drift by cause: %w", mapError(err))
	}
	found, next := cut(found, k, func(g aegis.DriftGroup) cursor { return cursor{g.LastDetectedAt, g.Group} })
	for i := range found {
		slices.Sort(found[i].StackIDs)
		found[i].StackIDs = found[i].StackIDs[:min(len(found[i].StackIDs), stacksInGroup)]
	}
	return found, next, nil
}
