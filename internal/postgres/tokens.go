package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// principalOf reads the one principal that a query found, else
// ErrUnauthenticated.
func principalOf(rows pgx.Rows) (aegis.Principal, error) {
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.Principal])
	if errors.Is(err, pgx.ErrNoRows) {
		return aegis.Principal{}, aegis.ErrUnauthenticated
	}
	return p, mapError(err)
}

// Authenticate returns who bears the token with this SHA-256 and notes, to the
// minute, that it was used. ErrUnauthenticated: unknown, expired or revoked.
func (db *DB) Authenticate(ctx context.Context, sum [32]byte) (aegis.Principal, error) {
	rows, _ := db.pool.Query(ctx, `
		WITH live AS (
			SELECT token_id, name, role FROM tokens
			WHERE sum = $1 AND revoked_at IS NULL AND coalesce(expires_at > now(), true)
		), noted AS (
			UPDATE tokens SET last_used_at = now() FROM live
			WHERE tokens.token_id = live.token_id AND coalesce(tokens.last_used_at < now() - interval '1 minute', true)
		)
		SELECT name, role, token_id FROM live`, sum[:])
	p, err := principalOf(rows)
	if err != nil {
		return aegis.Principal{}, fmt.Errorf("authenticate: %w", err)
	}
	return p, nil
}

// CreateToken stores a token under the SHA-256 of its secret. ErrConflict: the
// id or the secret is taken. ErrInvalid: unknown role or no name.
func (db *DB) CreateToken(ctx context.Context, t aegis.Token, sum [32]byte) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO tokens (token_id, name, role, sum, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.TokenID, t.Name, t.Role, sum[:], orNow(t.CreatedAt), t.ExpiresAt)
	if err != nil {
		return fmt.Errorf("create token %s: %w", t.TokenID, mapError(err))
	}
	return nil
}

// Tokens lists all tokens, newest first.
func (db *DB) Tokens(ctx context.Context) ([]aegis.Token, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT token_id, name, role, created_at, expires_at, last_used_at, revoked_at
		FROM tokens ORDER BY created_at DESC, token_id DESC`)
	tokens, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.Token])
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", mapError(err))
	}
	return tokens, nil
}

// RevokeToken ends a token and its sessions at once; ErrNotFound.
func (db *DB) RevokeToken(ctx context.Context, id string) error {
	tag, err := db.pool.Exec(ctx, `UPDATE tokens SET revoked_at = coalesce(revoked_at, now()) WHERE token_id = $1`, id)
	if err == nil && tag.RowsAffected() == 0 {
		err = aegis.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", id, mapError(err))
	}
	return nil
}

// CreateLoginCode stores a code, by its SHA-256, that signs a browser in as
// the token's principal, once. ErrNotFound: no such token.
func (db *DB) CreateLoginCode(ctx context.Context, sum [32]byte, tokenID string, expires time.Time) error {
	_, err := db.pool.Exec(ctx, `INSERT INTO login_codes (sum, token_id, expires_at) VALUES ($1, $2, $3)`, sum[:], tokenID, expires)
	if err != nil {
		return fmt.Errorf("create login code: %w", mapError(err))
	}
	return nil
}

// RedeemLoginCode turns a code into a session, both by their SHA-256, and
// returns its principal. ErrUnauthenticated: unknown, expired, or used before.
func (db *DB) RedeemLoginCode(ctx context.Context, codeSum, sessionSum [32]byte, expires time.Time) (aegis.Principal, error) {
	rows, _ := db.pool.Query(ctx, `
		WITH used AS (
			DELETE FROM login_codes WHERE sum = $1 RETURNING token_id, expires_at
		), live AS (
			SELECT t.token_id, t.name, t.role FROM used JOIN tokens t USING (token_id)
			WHERE used.expires_at > now() AND t.revoked_at IS NULL AND coalesce(t.expires_at > now(), true)
		), opened AS (
			INSERT INTO sessions (sum, token_id, expires_at) SELECT $2, token_id, $3 FROM live
		)
		SELECT name, role, token_id FROM live`, codeSum[:], sessionSum[:], expires)
	p, err := principalOf(rows)
	if err != nil {
		return aegis.Principal{}, fmt.Errorf("redeem login code: %w", err)
	}
	return p, nil
}

// Session returns whose the session with this SHA-256 is. ErrUnauthenticated:
// unknown or expired, or its token is.
func (db *DB) Session(ctx context.Context, sum [32]byte) (aegis.Principal, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT t.name, t.role, t.token_id FROM sessions s JOIN tokens t USING (token_id)
		WHERE s.sum = $1 AND s.expires_at > now() AND t.revoked_at IS NULL AND coalesce(t.expires_at > now(), true)`, sum[:])
	p, err := principalOf(rows)
	if err != nil {
		return aegis.Principal{}, fmt.Errorf("read session: %w", err)
	}
	return p, nil
}
