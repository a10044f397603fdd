package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// KeptAnswer is what was kept for a digest, until its end; ok is false when that is
// nothing.
func (db *DB) KeptAnswer(ctx context.Context, digest [32]byte) (answer []byte, ok bool, err error) {
	err = db.pool.QueryRow(ctx, `SELECT answer FROM model_answers WHERE digest = $1 AND expires_at > now()`, digest[:]).Scan(&answer)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a kept answer: %w", mapError(err))
	}
	return answer, true, nil
}

// KeepAnswer keeps a model's answer so long; of two for one digest the first stays
// until its end.
func (db *DB) KeepAnswer(ctx context.Context, digest [32]byte, answer []byte, life time.Duration) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO model_answers (digest, answer, expires_at) VALUES ($1, $2, now() + $3)
		ON CONFLICT (digest) DO UPDATE SET answer = excluded.answer, expires_at = excluded.expires_at
			WHERE model_answers.expires_at <= now()`, digest[:], answer, life)
	if err != nil {
		return fmt.Errorf("keep an answer: %w", mapError(err))
	}
	return nil
}
