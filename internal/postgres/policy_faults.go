package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// PolicyFaults counts what a bundle of that revision decided since then, as a
// shadow or as the running one, how often it gave no answer, and how often a shadow did not
// agree with the decision beside it.
func (db *DB) PolicyFaults(ctx context.Context, revision string, shadow bool, since time.Time) (aegis.PolicyFaults, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT
			count(*) AS evaluated,
			count(fault) AS faults,
			coalesce((array_agg(fault ORDER BY decided_at, decision_id) FILTER (WHERE fault IS NOT NULL))[1], '') AS first,
			count(*) FILTER (WHERE shadow AND EXISTS (
				SELECT FROM decisions live
				WHERE live.change_set_id = decisions.change_set_id AND live.input_digest = decisions.input_digest
					AND NOT live.shadow AND live.allowed <> decisions.allowed
					AND live.decided_at BETWEEN decisions.decided_at - interval '1 hour' AND decisions.decided_at + interval '1 hour'
			)) AS differ
		FROM decisions
			LEFT JOIN LATERAL (
				SELECT d ->> 'code' || ': ' || (d ->> 'msg') AS fault
				FROM json_array_elements(CASE WHEN json_typeof(result -> 'deny') = 'array' THEN result -> 'deny' END) d
				WHERE d ->> 'code' = ANY ($4)
				LIMIT 1
			) denials ON true
		WHERE bundle_revision = $1 AND shadow = $2 AND decided_at >= $3`, revision, shadow, since, aegis.PolicyFaultCodes())
	faults, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.PolicyFaults])
	if err != nil {
		return aegis.PolicyFaults{}, fmt.Errorf("count decisions of policy bundle %s: %w", revision, mapError(err))
	}
	return faults, nil
}
