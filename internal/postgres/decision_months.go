package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// monthsAhead is how many months have a partition before they begin.
const monthsAhead = 2

// sinkGone is how long a sink may be configured nowhere until what it did not
// take may be dropped.
const sinkGone = 7 * 24 * time.Hour

// partitionLock is how long a change of partitions may wait for a lock, and
// others behind it; it is tried again with the next sweep.
const partitionLock = `SET LOCAL lock_timeout = '2s'`

// decisionMonth is the partition of a month, UTC.
type decisionMonth struct{ from time.Time }

const monthTable = "decisions_2006_01"

func monthOf(t time.Time) decisionMonth {
	t = t.UTC()
	return decisionMonth{time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)}
}

func (m decisionMonth) table() string  { return m.from.Format(monthTable) }
func (m decisionMonth) end() time.Time { return m.from.AddDate(0, 1, 0) }

// rotateDecisions makes partitions ahead, moves what has no month of its own
// into one, and drops the months that ended more than retention ago (0 is
// none), but none with a decision that a sink has yet to take. Inputs go with
// the last decision on them.
func (db *DB) rotateDecisions(ctx context.Context, now time.Time, retention time.Duration) error {
	have, err := db.decisionMonths(ctx)
	if err != nil {
		return fmt.Errorf("read the months of decisions: %w", mapError(err))
	}
	wanted, err := db.monthsWithout(ctx, now)
	if err != nil {
		return fmt.Errorf("read decisions without a month: %w", mapError(err))
	}
	var faults []error
	for _, m := range wanted {
		if slices.Contains(have, m) {
			continue
		}
		if err := db.addMonth(ctx, m); err != nil {
			faults = append(faults, fmt.Errorf("make partition %s: %w", m.table(), err))
		}
	}
	if retention > 0 {
		faults = append(faults, db.expireDecisions(ctx, have, monthOf(now.Add(-retention)).from))
	}
	return errors.Join(faults...)
}

func (db *DB) decisionMonths(ctx context.Context) ([]decisionMonth, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
		WHERE inhparent = 'decisions'::regclass AND relname <> 'decisions_default'
		ORDER BY relname`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var months []decisionMonth
	for _, name := range names {
		from, err := time.ParseInLocation(monthTable, name, time.UTC)
		if err != nil {
			return nil, fmt.Errorf("partition %s is no month: %w", name, err)
		}
		months = append(months, decisionMonth{from})
	}
	return months, nil
}

// monthsWithout are the coming months and those of decisions in the default
// partition.
func (db *DB) monthsWithout(ctx context.Context, now time.Time) ([]decisionMonth, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT DISTINCT date_trunc('month', decided_at, 'UTC') FROM decisions_default
		WHERE decided_at BETWEEN '1970-01-01 UTC' AND $1`, now.AddDate(1, 0, 0))
	stray, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, err
	}
	var months []decisionMonth
	for ahead := range monthsAhead + 1 {
		months = append(months, monthOf(monthOf(now).from.AddDate(0, ahead, 0)))
	}
	for _, from := range stray {
		if m := monthOf(from); !slices.Contains(months, m) {
			months = append(months, m)
		}
	}
	return months, nil
}

// addMonth makes a partition with what the default one has of its month. Only
// who writes to the default partition waits.
func (db *DB) addMonth(ctx context.Context, m decisionMonth) error {
	table := pgx.Identifier{m.table()}.Sanitize()
	from, to := m.from.Format(time.RFC3339), m.end().Format(time.RFC3339)
	return db.transact(ctx, func(tx pgx.Tx) error {
		for _, sql := range []string{
			partitionLock,
			`LOCK TABLE decisions_default IN ACCESS EXCLUSIVE MODE`,
			`CREATE TABLE ` + table + ` (LIKE decisions INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
			fmt.Sprintf(`WITH moved AS (DELETE FROM decisions_default WHERE decided_at >= '%s' AND decided_at < '%s' RETURNING *)
				INSERT INTO %s SELECT * FROM moved`, from, to, table),
			fmt.Sprintf(`ALTER TABLE decisions ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')`, table, from, to),
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// expireDecisions removes what was decided before a month began.
func (db *DB) expireDecisions(ctx context.Context, have []decisionMonth, before time.Time) error {
	waiting, err := db.oldestUntaken(ctx)
	if err != nil {
		return fmt.Errorf("read what sinks wait for: %w", mapError(err))
	}
	if !waiting.IsZero() && waiting.Before(before) {
		before = monthOf(waiting).from
	}
	for _, m := range have {
		if m.end().After(before) {
			continue
		}
		if err := db.dropMonth(ctx, m); err != nil {
			return fmt.Errorf("drop partition %s: %w", m.table(), err)
		}
	}
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM decisions_default WHERE decided_at < $1`, before)
	b.Queue(`DELETE FROM decision_inputs WHERE used_at < $1`, before)
	b.Queue(`DELETE FROM decision_sinks WHERE seen_at < now() - $1::interval`, 4*sinkGone)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("remove old decisions: %w", err)
	}
	return nil
}

func (db *DB) dropMonth(ctx context.Context, m decisionMonth) error {
	return db.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, partitionLock); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DROP TABLE `+pgx.Identifier{m.table()}.Sanitize())
		return err
	})
}

// oldestUntaken is when the oldest decision was made that a sink, which is
// configured somewhere, has yet to take; zero for none.
func (db *DB) oldestUntaken(ctx context.Context) (time.Time, error) {
	var oldest *time.Time
	err := db.pool.QueryRow(ctx, `
		SELECT min(decided_at) FROM decision_sinks s JOIN decisions d ON (d.log_xid, d.decision_id) > (s.log_xid, s.decision_id)
		WHERE s.seen_at > now() - $1::interval`, sinkGone).Scan(&oldest)
	if err != nil || oldest == nil {
		return time.Time{}, err
	}
	return *oldest, nil
}
