package postgres

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

const (
	// answerPatience is how long a request may take before its key can be used
	// again: its process is taken for dead.
	answerPatience = time.Minute
	// answerLife is how long an answer is repeated.
	answerLife = 24 * time.Hour
)

// requestRow is what is known of an idempotency key. New says that this call
// took it, Same that it is the same request.
type requestRow struct {
	New    bool
	Same   bool
	Began  time.Time
	Status *int
	Header map[string]string
	Body   []byte
}

// BeginRequest takes an idempotency key for a request with this digest. It
// returns no response the first time, and the stored one once there is one.
// began is when this request was begun first, also when its process died or
// answered 5xx: what it makes can be named by that, so that it is not made twice.
// ErrConflict: the first one is still being answered.
// ErrIdempotencyMismatch: the key was used for another request.
func (db *DB) BeginRequest(
	ctx context.Context, principal, key string, request [32]byte,
) (stored *aegis.StoredResponse, began time.Time, err error) {
	rows, _ := db.pool.Query(ctx, `
		WITH taken AS (
			INSERT INTO requests (principal, key, digest, expires_at) VALUES ($1, $2, $3, now() + $4)
			ON CONFLICT (principal, key) DO UPDATE
				SET digest = excluded.digest, status = NULL, header = NULL, body = NULL, expires_at = excluded.expires_at,
					began_at = CASE WHEN requests.status IS NULL AND requests.digest = excluded.digest
						THEN requests.began_at ELSE excluded.began_at END
				WHERE requests.expires_at <= now()
			RETURNING began_at
		)
		SELECT true AS new, true AS same, began_at AS began,
			NULL::integer AS status, NULL::json AS header, NULL::bytea AS body FROM taken
		UNION ALL
		SELECT false, digest = $3, began_at, status, header, body FROM requests
		WHERE principal = $1 AND key = $2 AND NOT EXISTS (SELECT 1 FROM taken)`,
		principal, key, request[:], answerPatience)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[requestRow])
	switch {
	case err != nil:
		return nil, began, fmt.Errorf("begin request: %w", mapError(err))
	case len(found) == 0: // taken and committed by another while this one waited
		return nil, began, fmt.Errorf("begin request: in progress: %w", aegis.ErrConflict)
	}
	r := found[0]
	switch {
	case r.New:
		return nil, r.Began, nil
	case !r.Same:
		return nil, began, fmt.Errorf("begin request: %w", aegis.ErrIdempotencyMismatch)
	case r.Status == nil:
		return nil, began, fmt.Errorf("begin request: in progress: %w", aegis.ErrConflict)
	}
	return &aegis.StoredResponse{Status: *r.Status, Header: r.Header, Body: r.Body}, r.Began, nil
}

// FinishRequest keeps the answer for 24 h, also when the caller is gone. One of
// 5xx is not kept: it frees the key, so that the request can be tried again; it
// may have done all the same, so that its beginning stays known.
func (db *DB) FinishRequest(ctx context.Context, principal, key string, status int, header map[string]string, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var err error
	if status >= http.StatusInternalServerError {
		_, err = db.pool.Exec(ctx, `
			UPDATE requests SET expires_at = now() WHERE principal = $1 AND key = $2 AND status IS NULL`, principal, key)
	} else {
		_, err = db.pool.Exec(ctx, `
			UPDATE requests SET status = $3, header = $4, body = $5, expires_at = now() + $6
			WHERE principal = $1 AND key = $2`, principal, key, status, header, body, answerLife)
	}
	if err != nil {
		return fmt.Errorf("finish request: %w", mapError(err))
	}
	return nil
}
