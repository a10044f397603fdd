package postgres_test

import (
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	sum := sha256.Sum256([]byte("secret"))
	_, err := db.Authenticate(t.Context(), sum)
	require.ErrorIs(t, err, aegis.ErrUnauthenticated)
	require.NoError(t, db.CreateToken(t.Context(), aegis.Token{TokenID: "tok-1", Name: "admin", Role: aegis.RoleAdmin}, sum))
	require.ErrorIs(t, db.CreateToken(t.Context(), aegis.Token{TokenID: "tok-2", Name: "x", Role: aegis.RoleViewer}, sum), aegis.ErrConflict)
	require.ErrorIs(t, db.CreateToken(t.Context(), aegis.Token{TokenID: "tok-3", Name: "x", Role: "god"}, sha256.Sum256(nil)), aegis.ErrInvalid)

	who, err := db.Authenticate(t.Context(), sum)
	require.NoError(t, err)
	require.Equal(t, aegis.Principal{Name: "admin", Role: aegis.RoleAdmin, TokenID: "tok-1"}, who)
	tokens, err := db.Tokens(t.Context())
	require.NoError(t, err)
	require.NotNil(t, tokens[0].LastUsedAt)
	require.Zero(t, count(t, conn, `SELECT count(*) FROM tokens WHERE sum = 'secret'`))

	session := sha256.Sum256([]byte("session"))
	code := sha256.Sum256([]byte("code"))
	require.NoError(t, db.CreateLoginCode(t.Context(), code, "tok-1", time.Now().Add(time.Minute)))
	require.ErrorIs(t, db.CreateLoginCode(t.Context(), sum, "tok-x", time.Now()), aegis.ErrNotFound)
	who, err = db.RedeemLoginCode(t.Context(), code, session, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, "admin", who.Name)
	_, err = db.Session(t.Context(), session)
	require.NoError(t, err)

	require.NoError(t, db.RevokeToken(t.Context(), "tok-1"))
	require.NoError(t, db.RevokeToken(t.Context(), "tok-1"))
	require.ErrorIs(t, db.RevokeToken(t.Context(), "tok-x"), aegis.ErrNotFound)
	_, err = db.Authenticate(t.Context(), sum)
	require.ErrorIs(t, err, aegis.ErrUnauthenticated)
	_, err = db.Session(t.Context(), session)
	require.ErrorIs(t, err, aegis.ErrUnauthenticated, "sessions end with their token")
}

func TestExpiredCredentials(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	past := time.Now().Add(-time.Minute)
	expired, live, code, stale := [32]byte{1}, [32]byte{2}, [32]byte{3}, [32]byte{4}
	require.NoError(t, db.CreateToken(t.Context(), aegis.Token{TokenID: "tok-1", Name: "x", Role: aegis.RoleViewer, ExpiresAt: &past}, expired))
	require.NoError(t, db.CreateToken(t.Context(), aegis.Token{TokenID: "tok-2", Name: "x", Role: aegis.RoleViewer}, live))
	_, err := db.Authenticate(t.Context(), expired)
	require.ErrorIs(t, err, aegis.ErrUnauthenticated)
	require.NoError(t, db.CreateLoginCode(t.Context(), stale, "tok-2", past))
	_, err = db.RedeemLoginCode(t.Context(), stale, [32]byte{9}, time.Now().Add(time.Hour))
	require.ErrorIs(t, err, aegis.ErrUnauthenticated)
	require.NoError(t, db.CreateLoginCode(t.Context(), code, "tok-2", time.Now().Add(time.Minute)))
	_, err = db.RedeemLoginCode(t.Context(), code, [32]byte{9}, past)
	require.NoError(t, err)
	_, err = db.Session(t.Context(), [32]byte{9})
	require.ErrorIs(t, err, aegis.ErrUnauthenticated)
}

func TestLoginCodeWorksOnce(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	require.NoError(t, db.CreateToken(t.Context(), aegis.Token{TokenID: "tok-1", Name: "x", Role: aegis.RoleViewer}, [32]byte{1}))
	require.NoError(t, db.CreateLoginCode(t.Context(), [32]byte{2}, "tok-1", time.Now().Add(time.Minute)))
	var won atomic.Int32
	var group errgroup.Group
	for i := range byte(8) {
		group.Go(func() error {
			_, err := db.RedeemLoginCode(t.Context(), [32]byte{2}, [32]byte{100, i}, time.Now().Add(time.Hour))
			if errors.Is(err, aegis.ErrUnauthenticated) {
				return nil
			}
			won.Add(1)
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, won.Load())
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	begin := func(key string, request byte) (*aegis.StoredResponse, error) {
		stored, _, err := db.BeginRequest(t.Context(), "tok-1", key, [32]byte{request})
		return stored, err
	}
	stored, err := begin("k", 1)
	require.NoError(t, err)
	require.Nil(t, stored)
	_, err = begin("k", 1)
	require.ErrorIs(t, err, aegis.ErrConflict, "in progress")
	_, err = begin("k", 2)
	require.ErrorIs(t, err, aegis.ErrIdempotencyMismatch)
	_, _, err = db.BeginRequest(t.Context(), "tok-2", "k", [32]byte{2})
	require.NoError(t, err, "keys of others are others")

	require.NoError(t, db.FinishRequest(t.Context(), "tok-1", "k", 202, map[string]string{"Location": "/v1/goals/1"}, []byte("{}\n")))
	stored, err = begin("k", 1)
	require.NoError(t, err)
	require.Equal(t, &aegis.StoredResponse{Status: 202, Header: map[string]string{"Location": "/v1/goals/1"}, Body: []byte("{}\n")}, stored)
	_, err = begin("k", 2)
	require.ErrorIs(t, err, aegis.ErrIdempotencyMismatch)

	_, err = conn.Exec(t.Context(), `UPDATE requests SET expires_at = now() - interval '1 s'`)
	require.NoError(t, err)
	stored, err = begin("k", 2)
	require.NoError(t, err)
	require.Nil(t, stored, "an expired key is new")

	require.NoError(t, db.FinishRequest(t.Context(), "tok-1", "k", 503, nil, nil))
	stored, err = begin("k", 3)
	require.NoError(t, err)
	require.Nil(t, stored, "a server's fault is not kept")
}

func TestARequestTriedAgainBeganWhenItBeganFirst(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	begin := func(request byte) time.Time {
		stored, began, err := db.BeginRequest(t.Context(), "tok-1", "k", [32]byte{request})
		require.NoError(t, err)
		require.Nil(t, stored)
		return began
	}
	first := begin(1)
	_, err := conn.Exec(t.Context(), `UPDATE requests SET expires_at = now() - interval '1 s'`)
	require.NoError(t, err)
	require.NoError(t, db.Prune(t.Context()))
	require.Equal(t, first, begin(1), "its process died")
	require.NoError(t, db.FinishRequest(t.Context(), "tok-1", "k", 503, nil, nil))
	require.Equal(t, first, begin(1), "it was not known to be done")
	require.NoError(t, db.FinishRequest(t.Context(), "tok-1", "k", 503, nil, nil))
	other := begin(2)
	require.True(t, other.After(first), "another request begins anew")
	require.NoError(t, db.FinishRequest(t.Context(), "tok-1", "k", 202, nil, nil))
	_, err = conn.Exec(t.Context(), `UPDATE requests SET expires_at = now() - interval '1 s'`)
	require.NoError(t, err)
	require.True(t, begin(2).After(other), "an answered one ended")
}

func TestConcurrentRequestsOfOneKey(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	var first atomic.Int32
	var group errgroup.Group
	for range 16 {
		group.Go(func() error {
			_, _, err := db.BeginRequest(t.Context(), "tok-1", "k", [32]byte{1})
			if errors.Is(err, aegis.ErrConflict) {
				return nil
			}
			first.Add(1)
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, first.Load())
}
