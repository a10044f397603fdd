package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Counts says how many goals, change sets, stacks and jobs are in which
// state, by kind and state. Of goals and change sets that ended, the last
// day's are counted.
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
