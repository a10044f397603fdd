package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// problemPrefix begins every problem's type.
const problemPrefix = "urn:aegis:problem:"

// Error is a problem document that the API answered. It matches the sentinel
// of package aegis that it was made from.
type Error struct {
	// Type is "urn:aegis:problem:" and a kind.
	Type   string             `json:"type"`
	Title  string             `json:"title"`
	Status int                `json:"status"`
	Detail string             `json:"detail"`
	Fields []aegis.FieldFault `json:"errors"`
	// RetryAfter is how long the API asks to wait, if it does.
	RetryAfter time.Duration `json:"-"`
}

// Error is the detail, or the faults of the fields when there are any.
func (e *Error) Error() string {
	if len(e.Fields) > 0 {
		return (&aegis.InvalidError{Faults: e.Fields}).Error()
	}
	if e.Detail != "" {
		return e.Detail
	}
	return fmt.Sprintf("the API answered %d %s", e.Status, http.StatusText(e.Status))
}

// Is matches the sentinel of the problem's kind.
func (e *Error) Is(target error) bool {
	sentinel := sentinelOf(strings.TrimPrefix(e.Type, problemPrefix))
	return sentinel != nil && target == sentinel
}

func sentinelOf(kind string) error {
	switch kind {
	case "not_found":
		return aegis.ErrNotFound
	case "invalid", "malformed", "too_large", "unsupported_media_type":
		return aegis.ErrInvalid
	case "unauthenticated":
		return aegis.ErrUnauthenticated
	case "forbidden":
		return aegis.ErrForbidden
	case "idempotency_mismatch":
		return aegis.ErrIdempotencyMismatch
	case "unintelligible":
		return aegis.ErrUnintelligible
	case "not_implemented":
		return aegis.ErrNotImplemented
	case "unavailable", "rate_limited":
		return aegis.ErrUnavailable
	case "provider":
		return aegis.ErrProvider
	case "state_corrupt":
		return aegis.ErrStateCorrupt
	default:
		return conflictOf(kind)
	}
}

func conflictOf(kind string) error {
	switch kind {
	case "conflict":
		return aegis.ErrConflict
	case "stale":
		return aegis.ErrStale
	case "lease_held":
		return aegis.ErrLeaseHeld
	case "lease_lost":
		return aegis.ErrLeaseLost
	case "digest_mismatch":
		return aegis.ErrDigestMismatch
	case "breaker_open":
		return aegis.ErrBreakerOpen
	case "budget_exceeded":
		return aegis.ErrBudgetExceeded
	case "cancelled":
		return aegis.ErrCancelled
	default:
		return nil
	}
}

// unreachableError is an API that did not answer. It matches
// aegis.ErrUnavailable.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string        { return "reach the API: " + e.err.Error() }
func (e *unreachableError) Unwrap() error        { return e.err }
func (e *unreachableError) Is(target error) bool { return target == aegis.ErrUnavailable }

func problemOf(res *http.Response, body []byte) error {
	e := &Error{Status: res.StatusCode}
	if json.Unmarshal(body, e) != nil || e.Status != res.StatusCode {
		*e = Error{Status: res.StatusCode, Detail: fmt.Sprintf("%s answered %s: is this the address of an AegisWorld API?",
			res.Request.URL.Redacted(), res.Status)}
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds >= 0 && seconds <= 60 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// retryable says that trying the same again may help.
func retryable(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	if _, ok := errors.AsType[*unreachableError](err); ok {
		return true
	}
	p, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch p.Status {
	case http.StatusConflict:
		return p.Type == problemPrefix+"in_progress" // the try before is still being answered
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}
