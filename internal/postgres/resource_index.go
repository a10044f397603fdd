package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// SaveResources replaces what is known of a stack's resources. Rows that stay
// as they are are not written. ErrNotFound: there is no such stack.
func (db *DB) SaveResources(ctx context.Context, stackID string, resources []aegis.IndexedResource) error {
	addresses := make([]string, len(resources))
	b := &pgx.Batch{}
	for i, r := range resources {
		addresses[i] = r.Address
		b.Queue(`
			INSERT INTO resource_index AS i (stack_id, address, type, region, id, arn, name, parents, keys)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (stack_id, address) DO UPDATE SET
				type = excluded.type, region = excluded.region, id = excluded.id, arn = excluded.arn, name = excluded.name,
				parents = excluded.parents, keys = excluded.keys
			WHERE (i.type, i.region, i.id, i.arn, i.name, i.parents) IS DISTINCT FROM
				(excluded.type, excluded.region, excluded.id, excluded.arn, excluded.name, excluded.parents)`,
			stackID, r.Address, r.Type, r.Region, r.ID, r.ARN, r.Name, emptyNotNil(r.Parents), r.Keys())
	}
	b.Queue(`DELETE FROM resource_index WHERE stack_id = $1 AND NOT address = ANY($2)`, stackID, addresses)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("save the resources of stack %s: %w", stackID, err)
	}
	return nil
}

// StackResources lists what is known of a stack's resources, by address.
func (db *DB) StackResources(ctx context.Context, stackID string) ([]aegis.IndexedResource, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT stack_id, address, type, region, id, arn, name, parents
		FROM resource_index WHERE stack_id = $1 ORDER BY address`, stackID)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.IndexedResource])
	if err != nil {
		return nil, fmt.Errorf("list the resources of stack %s: %w", stackID, mapError(err))
	}
	return found, nil
}

// resourcesByKey lists the resources that any of the keys may mean.
func resourcesByKey(ctx context.Context, tx pgx.Tx, keys []string) ([]aegis.IndexedResource, error) {
	rows, _ := tx.Query(ctx, `
		SELECT stack_id, address, type, region, id, arn, name, parents
		FROM resource_index WHERE keys && $1`, keys)
	return pgx.CollectRows(rows, pgx.RowToStructByName[aegis.IndexedResource])
}
