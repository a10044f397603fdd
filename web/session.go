package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/aegisworld/aegis"
)

// sessionCookie names the cookie, sessionLife is how long it works.
const (
	sessionCookie = "aegis_session"
	sessionLife   = 12 * time.Hour
)

type pageHandler func(w http.ResponseWriter, r *http.Request, who aegis.Principal)

// signedIn lets through who has a session; others are told how to get one.
func (s *site) signedIn(next pageHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, err := s.session(r)
		switch {
		case err == nil:
			next(w, r, who)
		case errors.Is(err, aegis.ErrUnauthenticated), errors.Is(err, aegis.ErrNotFound):
			s.show(w, r, http.StatusUnauthorized, "signin", nil)
		default:
			s.unavailable(w, r, err)
		}
	}
}

func (s *site) session(r *http.Request) (aegis.Principal, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return aegis.Principal{}, aegis.ErrUnauthenticated
	}
	return s.Sessions.Session(r.Context(), sha256.Sum256([]byte(cookie.Value)))
}

// login turns a one-time code into a session.
func (s *site) login(w http.ResponseWriter, r *http.Request) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	expires := s.Now().UTC().Add(sessionLife)
	who, err := s.redeem(r.Context(), r.URL.Query().Get("code"), secret, expires)
	if err != nil {
		if errors.Is(err, aegis.ErrUnauthenticated) || errors.Is(err, aegis.ErrNotFound) {
			s.show(w, r, http.StatusUnauthorized, "signin", "This link was used before or is too old.")
			return
		}
		s.unavailable(w, r, err)
		return
	}
	s.Logger.InfoContext(r.Context(), "browser signed in", "principal", who.Name)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure when the connection is; the sandbox serves plain loopback
		Name: sessionCookie, Value: secret, Path: "/", Expires: expires, MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) redeem(ctx context.Context, code, secret string, expires time.Time) (aegis.Principal, error) {
	if len(code) != base64.RawURLEncoding.EncodedLen(32) {
		return aegis.Principal{}, aegis.ErrUnauthenticated
	}
	return s.Sessions.RedeemLoginCode(ctx, sha256.Sum256([]byte(code)), sha256.Sum256([]byte(secret)), expires)
}

func (s *site) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	s.Logger.ErrorContext(r.Context(), "show page", "error", err)
	w.Header().Set("Retry-After", "1")
	http.Error(w, "The database does not answer. Try again.", http.StatusServiceUnavailable)
}
