package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

// problemPrefix begins every problem's type; what follows is a kind.
const problemPrefix = "urn:aegis:problem:"

// Problem is an RFC 9457 problem document.
type Problem struct { //nolint:errname // RFC 9457 calls it so, and the schema is named for it
	// Type is "urn:aegis:problem:" and a kind, such as "not_found".
	Type   string `json:"type"   doc:"urn:aegis:problem: and a stable kind"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"What happened, and what would help"`
	// Instance is the request's path.
	Instance string `json:"instance,omitempty"`
	// Errors names each field at fault.
	Errors []aegis.FieldFault `json:"errors,omitempty"`
}

// Error is the problem's detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json.
func (*Problem) ContentType(string) string { return "application/problem+json" }

type problemKind struct {
	sentinel error
	kind     string
	status   int
}

// problemKinds maps each sentinel to its problem, the most specific first.
func problemKinds() []problemKind {
	return []problemKind{
		{aegis.ErrNotFound, "not_found", http.StatusNotFound},
		{aegis.ErrIdempotencyMismatch, "idempotency_mismatch", http.StatusUnprocessableEntity},
		{aegis.ErrUnintelligible, "unintelligible", http.StatusUnprocessableEntity},
		{aegis.ErrInvalid, "invalid", http.StatusUnprocessableEntity},
		{aegis.ErrUnauthenticated, "unauthenticated", http.StatusUnauthorized},
		{aegis.ErrForbidden, "forbidden", http.StatusForbidden},
		{aegis.ErrLeaseHeld, "lease_held", http.StatusConflict},
		{aegis.ErrLeaseLost, "lease_lost", http.StatusConflict},
		{aegis.ErrStale, "stale", http.StatusConflict},
		{aegis.ErrDigestMismatch, "digest_mismatch", http.StatusConflict},
		{aegis.ErrBreakerOpen, "breaker_open", http.StatusConflict},
		{aegis.ErrBudgetExceeded, "budget_exceeded", http.StatusConflict},
		{aegis.ErrCancelled, "cancelled", http.StatusConflict},
		{aegis.ErrConflict, "conflict", http.StatusConflict},
		{aegis.ErrNotImplemented, "not_implemented", http.StatusNotImplemented},
		{aegis.ErrUnavailable, "unavailable", http.StatusServiceUnavailable},
		{aegis.ErrProvider, "provider", http.StatusBadGateway},
		{aegis.ErrStateCorrupt, "state_corrupt", http.StatusInternalServerError},
		{context.DeadlineExceeded, "unavailable", http.StatusServiceUnavailable},
	}
}

// problemOf turns an error into its problem. What no sentinel explains is
// "internal", whose detail tells nothing.
func problemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	for _, k := range problemKinds() {
		if errors.Is(err, k.sentinel) {
			p := newProblem(k.status, k.kind, err.Error())
			if k.kind == "unavailable" {
				p.Detail = "something that this needs is out of reach; try again"
			}
			if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
				p.Errors = invalid.Faults
			}
			return p
		}
	}
	return newProblem(http.StatusInternalServerError, "internal", "an unexpected error occurred; the server's log has it")
}

func newProblem(status int, kind, detail string) *Problem {
	return &Problem{Type: problemPrefix + kind, Title: http.StatusText(status), Status: status, Detail: detail}
}

// asProblem is a huma transformer: it turns huma's own errors into problems
// and completes ours.
func asProblem(ctx huma.Context, _ string, v any) (any, error) {
	path := ctx.URL()
	switch e := v.(type) {
	case *Problem:
		out := *e
		out.Instance = path.Path
		return &out, nil
	case *huma.ErrorModel:
		out := newProblem(e.Status, statusKind(e.Status), e.Detail)
		out.Instance = path.Path
		for _, d := range e.Errors {
			if d != nil {
				out.Errors = append(out.Errors, aegis.FieldFault{Field: fieldName(d.Location), Message: d.Message})
			}
		}
		return out, nil
	default:
		return v, nil
	}
}

// statusKind names the problems that are found before a handler runs.
func statusKind(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "malformed"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusUnprocessableEntity:
		return "invalid"
	case http.StatusTooManyRequests:
		return "rate_limited"
	case http.StatusInternalServerError:
		return "internal"
	default:
		return "request"
	}
}

// fieldName drops the part of the request that huma puts before a field's path.
func fieldName(location string) string {
	for _, part := range []string{"body.", "path.", "query.", "header."} {
		if rest, ok := strings.CutPrefix(location, part); ok {
			return rest
		}
	}
	return location
}

// writeProblem answers outside huma.
func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	out := *p
	out.Instance = r.URL.Path
	body, err := json.Marshal(&out)
	if err != nil {
		http.Error(w, http.StatusText(out.Status), out.Status)
		return
	}
	w.Header().Set("Content-Type", out.ContentType(""))
	w.WriteHeader(out.Status)
	_, _ = w.Write(append(body, '\n')) // the client is gone when this fails
}
