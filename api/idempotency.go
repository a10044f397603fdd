package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aegisworld/aegis"
)

// maxKey is the longest Idempotency-Key.
const maxKey = 255

// idempotent answers a POST that repeats an Idempotency-Key as it was answered
// the first time. Answers of 5xx are not kept: the request may be tried again.
func (s *server) idempotent(g *gin.Context) {
	key := g.GetHeader("Idempotency-Key")
	if g.Request.Method != http.MethodPost || key == "" || g.FullPath() == "" {
		return
	}
	if len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' }) {
		s.abort(g, problemOf(aegis.Invalid("Idempotency-Key", "use 1 to 255 printable ASCII characters without spaces")))
		return
	}
	who, ctx := principal(g.Request.Context()).TokenID, g.Request.Context()
	sum := fingerprint(g.Request)
	stored, began, err := s.Requests.BeginRequest(ctx, who, key, sum)
	if errors.Is(err, aegis.ErrConflict) {
		g.Header("Retry-After", "1")
		s.abort(g, newProblem(http.StatusConflict, "in_progress", "the first request with this Idempotency-Key is still being answered; try again"))
		return
	}
	if err != nil {
		s.fail(g, err)
		return
	}
	if stored != nil {
		replay(g, stored)
		return
	}
	rec := &recorder{ResponseWriter: g.Writer}
	g.Writer = rec
	seed := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%x", who, key, sum))
	g.Request = g.Request.WithContext(context.WithValue(ctx, attemptKey{}, attempt{began, seed}))
	g.Next()
	answer, ctx := rec.stored(g.FullPath()), context.WithoutCancel(ctx)
	if err := s.Requests.FinishRequest(ctx, who, key, answer.Status, answer.Header, answer.Body); err != nil {
		s.Logger.ErrorContext(ctx, "keep idempotent response", "error", err)
	}
}

// attempt is what stays the same when a request is tried again.
type attempt struct {
	began time.Time
	seed  [32]byte
}

type attemptKey struct{}

// newID names what a request makes. With an Idempotency-Key the name stays the
// same when the request is tried again: a process may have died after making it
// and before keeping the answer. Whoever makes it answers with what is there.
func newID(ctx context.Context, prefix string, now time.Time) string {
	if a, ok := ctx.Value(attemptKey{}).(attempt); ok {
		return aegis.DerivedID(prefix, a.began, a.seed)
	}
	return aegis.NewID(prefix, now)
}

// fingerprint is the SHA-256 of what makes two requests the same.
func fingerprint(r *http.Request) [32]byte {
	body, _ := io.ReadAll(r.Body) // limitBody made it a buffer
	r.Body = io.NopCloser(bytes.NewReader(body))
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n", r.Method, r.URL.RequestURI())
	_, _ = h.Write(body)
	return [32]byte(h.Sum(nil))
}

func replay(g *gin.Context, stored *aegis.StoredResponse) {
	for k, v := range stored.Header {
		g.Header(k, v)
	}
	g.Header("Idempotency-Replayed", "true")
	g.Status(stored.Status)
	_, _ = g.Writer.Write(stored.Body) // the client is gone when this fails
	g.Abort()
}

// recorder keeps what passes through it.
type recorder struct {
	gin.ResponseWriter

	body bytes.Buffer
}

// Write keeps b and passes it on.
func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// WriteString keeps s and passes it on.
func (r *recorder) WriteString(s string) (int, error) {
	r.body.WriteString(s)
	return r.ResponseWriter.WriteString(s)
}

// stored is the answer to keep. Secrets are shown once and never kept: a replay
// of their creation tells so.
func (r *recorder) stored(route string) aegis.StoredResponse {
	out := aegis.StoredResponse{Status: r.Status(), Header: map[string]string{}, Body: r.body.Bytes()}
	for _, k := range []string{"Content-Type", "Location", "Retry-After"} {
		if v := r.Header().Get(k); v != "" {
			out.Header[k] = v
		}
	}
	if out.Status < http.StatusBadRequest && showsSecret(route) {
		shown := newProblem(http.StatusConflict, "conflict",
			"this request was done before, and its secret is shown once only; use another Idempotency-Key")
		shown.Instance = route
		out.Status, out.Header["Content-Type"] = shown.Status, shown.ContentType("")
		out.Body, _ = json.Marshal(shown) // strings and numbers always encode
	}
	return out
}

// showsSecret says that a POST to the route answers with a secret.
func showsSecret(route string) bool {
	switch route {
	case "/v1/tokens", "/v1/login-links", "/v1/webhooks", "/v1/webhooks/:webhook_id/rotate":
		return true
	default:
		return false
	}
}
