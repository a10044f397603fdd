package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/egress"
)

const (
	maxDetail     = 200
	maxRetryAfter = 10 * time.Minute
)

// refused is a response with an error's status. A provider that refuses a
// request, or says that it is overloaded, did no work on it.
type refused struct {
	status        int
	header        http.Header
	code, message string
	key           string
}

func (r refused) fault() *model.CallError {
	e := &model.CallError{
		Kind: model.ErrRejected, Unpaid: true, RetryAfter: retryAfter(r.header),
		Detail: fmt.Sprintf("status %d %s: %s", r.status, safe(r.code, r.key), safe(r.message, r.key)),
	}
	switch r.status {
	case http.StatusTooManyRequests:
		e.Kind = model.ErrRateLimited
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		e.Kind, e.Unpaid = model.ErrOverloaded, false // whoever is behind may have worked
	case http.StatusRequestEntityTooLarge:
		e.Kind = model.ErrTooLarge
	default:
		if r.status >= http.StatusInternalServerError {
			e.Kind = model.ErrOverloaded
		} else if r.tooLong() {
			e.Kind = model.ErrTooLarge
		}
	}
	return e
}

// tooLong says that a vendor means the context's length with a plain 400.
func (r refused) tooLong() bool {
	message := strings.ToLower(r.message)
	return r.code == "context_length_exceeded" || strings.Contains(message, "too long") || strings.Contains(message, "maximum context")
}

// retryAfter reads the header (RFC 9110, section 10.2.3); 0 is none.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds < maxRetryAfter.Seconds() {
		wait = time.Duration(seconds * float64(time.Second))
	} else if err == nil {
		wait = maxRetryAfter
	} else if at, err := http.ParseTime(value); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// broken is an error of the way there or back. began says that an answer was
// on its way.
func broken(err error, began bool, key string) error {
	if call, ok := errors.AsType[*model.CallError](err); ok {
		return call
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	detail := safe(err.Error(), key)
	var dial *net.OpError
	var name *net.DNSError
	switch {
	case errors.Is(err, egress.ErrRefused):
		return &model.CallError{Kind: model.ErrRejected, Detail: detail, Unpaid: true}
	case errors.As(err, &dial) && dial.Op == "dial", errors.As(err, &name):
		return &model.CallError{Kind: model.ErrOverloaded, Detail: detail, Unpaid: true}
	case unreadable(err):
		return &model.CallError{Kind: model.ErrBadAnswer, Detail: "its stream is not readable: " + detail}
	case began:
		return &model.CallError{Kind: model.ErrTruncated, Detail: detail}
	default:
		return &model.CallError{Kind: model.ErrOverloaded, Detail: detail}
	}
}

// unreadable says that a stream is no JSON.
func unreadable(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}

// safe is a text from outside for an error: short, printable, without the key.
func safe(s, key string) string {
	if key != "" {
		s = strings.ReplaceAll(s, key, "***")
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return s
}

// messageIn is error.message, or message, of an error's body; the body when it
// is no such JSON.
func messageIn(body string) string {
	var e struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(body), &e) != nil {
		return body
	}
	if e.Error.Message != "" {
		return e.Error.Message
	}
	return e.Message
}
