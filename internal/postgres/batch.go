package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// send runs a batch in one round trip and, as the protocol has it, one
// transaction: an error of any statement or of its callback leaves nothing.
func (db *DB) send(ctx context.Context, b *pgx.Batch) error {
	return mapError(db.pool.SendBatch(ctx, b).Close())
}

// transact runs do in a transaction, for work whose later statements depend on
// the results of earlier ones.
func (db *DB) transact(ctx context.Context, do func(pgx.Tx) error) error {
	return mapError(pgx.BeginFunc(ctx, db.pool, do))
}

// sendIn runs a batch inside a transaction.
func sendIn(ctx context.Context, tx pgx.Tx, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}

// mustTouch makes a queued statement fail with otherwise when it touches no
// row. It is for transactions: a batch of its own has committed by then.
func mustTouch(q *pgx.QueuedQuery, otherwise error, doing string) {
	q.Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("%s: %w", doing, otherwise)
		}
		return nil
	})
}
