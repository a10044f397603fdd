package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// Counts says how many goals, change sets, stacks, webhooks, breakers and jobs
// are in which state, by kind and state. Of goals and change sets that ended, the
// last day's are counted, of breakers the open ones.
func (db *DB) Counts(ctx context.Context) (map[string]map[string]int64, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT 'goals' AS kind, state, count(*) FROM goals
		WHERE updated_at > now() - interval '1 day' OR state IN ('accepted', 'planning', 'running') GROUP BY state
		UNION ALL
		SELECT 'change_sets', promotion_state, count(*) FROM change_sets
		WHERE phase <> 'done' OR ended_at > now() - interval '1 day' GROUP BY promotion_state
		UNION ALL
		SELECT 'stacks', state, count(*) FROM stacks GROUP BY state
		UNION ALL
		SELECT 'webhooks', s.state, count(w.webhook_id) FROM (VALUES ('enabled'), ('disabled')) s (state)
		LEFT JOIN webhooks w ON w.state = s.state GROUP BY s.state
		UNION ALL
		SELECT 'breakers', 'open', count(*) FROM breakers WHERE open AND (expires_at IS NULL OR expires_at > now())
		UNION ALL
		SELECT 'jobs', state::text, count(*) FROM river_job WHERE finalized_at IS NULL GROUP BY state`)
	type count struct {
		Kind, State string
		Count       int64
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByName[count])
	if err != nil {
		return nil, fmt.Errorf("count objects by state: %w", mapError(err))
	}
	out := map[string]map[string]int64{}
	for _, c := range counts {
		if out[c.Kind] == nil {
			out[c.Kind] = map[string]int64{}
		}
		out[c.Kind][c.State] = c.Count
	}
	return out, nil
}

// Freshness says when each stack was last seen, removed ones left out, and how
// long events wait to be looked into.
func (db *DB) Freshness(ctx context.Context) (aegis.Freshness, error) {
	var f aegis.Freshness
	rows, _ := db.pool.Query(ctx, `
		SELECT stack_id, environment, region, coalesce(last_reconciled_at, created_at) AS reconciled_at
		FROM stacks WHERE NOT (state = 'pending' AND revision > 0) ORDER BY stack_id`)
	var err error
	if f.Stacks, err = pgx.CollectRows(rows, pgx.RowToStructByName[aegis.StackFreshness]); err != nil {
		return f, fmt.Errorf("read when stacks were seen: %w", mapError(err))
	}
	var oldest *time.Time
	var now time.Time
	err = db.pool.QueryRow(ctx, `
		SELECT now(), min(received_at) FROM cloud_event_stacks JOIN cloud_events USING (event_id) WHERE seen_at IS NULL`).Scan(&now, &oldest)
	if err != nil {
		return f, fmt.Errorf("read how long events wait: %w", mapError(err))
	}
	if oldest != nil {
		f.OldestEvent = max(now.Sub(*oldest), 0)
	}
	return f, nil
}
