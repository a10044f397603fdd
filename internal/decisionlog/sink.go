package decisionlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/egress"
)

// defaultTimeout bounds one upload.
const defaultTimeout = 30 * time.Second

// Options describe a sink.
type Options struct {
	// URL takes the uploads, https:// or http://.
	URL string
	// TokenFile holds a bearer token; it is read for every upload, so that it
	// can be rotated. It needs https, but on this machine.
	TokenFile string
	// Labels are those of every event, such as {"environment": "prod"}.
	Labels map[string]string
	// Timeout bounds one upload; 0 is 30 s.
	Timeout time.Duration
}

// Sink is a web server that takes decisions.
type Sink struct {
	options Options
	client  *http.Client
}

// NewSink checks the options; its error never holds more of the URL than Name.
func NewSink(o Options) (*Sink, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("a decision sink needs an http:// or https:// URL")
	case u.User != nil:
		return nil, errors.New("a decision sink's URL must not hold credentials; give a token file")
	case o.TokenFile != "" && u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("a decision sink with a token needs an https:// URL")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	guard, err := egress.For(u)
	if err != nil {
		return nil, fmt.Errorf("a decision sink's URL: %w", err)
	}
	// A redirect could lead what operators log to a place that they did not name.
	return &Sink{options: o, client: guard.Client()}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Name is the URL without parameters, which may be secret.
func (s *Sink) Name() string {
	u, err := url.Parse(s.options.URL)
	if err != nil {
		return "a web server"
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	later  time.Duration
}

// Error says what was answered.
func (r *refusal) Error() string {
	return fmt.Sprintf("it answered %d %s", r.status, http.StatusText(r.status))
}

// RetryAfter is when the sink wants to be asked again; 0 when it did not say.
func (r *refusal) RetryAfter() time.Duration { return r.later }

// Send uploads decisions. What the sink says is too large goes in parts, and a
// single decision without its input.
func (s *Sink) Send(ctx context.Context, decisions []aegis.Decision) error {
	events := make([]event, len(decisions))
	for i, d := range decisions {
		events[i] = newEvent(d, s.options.Labels)
	}
	if err := s.send(ctx, events); err != nil {
		return fmt.Errorf("send %d decisions to %s: %w", len(decisions), s.Name(), err)
	}
	return nil
}

func (s *Sink) send(ctx context.Context, events []event) error {
	body, err := packed(events)
	if err != nil {
		return err
	}
	err = s.post(ctx, body)
	refused, ok := errors.AsType[*refusal](err)
	if !ok || refused.status != http.StatusRequestEntityTooLarge {
		return err
	}
	if len(events) > 1 {
		half := len(events) / 2
		if err := s.send(ctx, events[:half]); err != nil {
			return err
		}
		return s.send(ctx, events[half:])
	}
	if events[0].Input == nil {
		return fmt.Errorf("decision %s, without its input: %w", events[0].DecisionID, err)
	}
	return s.send(ctx, []event{events[0].withoutInput()})
}

func (s *Sink) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL makes no request")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	if s.options.TokenFile != "" {
		token, err := os.ReadFile(s.options.TokenFile)
		if err != nil {
			return fmt.Errorf("read its token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	res, err := s.client.Do(req)
	if err != nil {
		return unveil(err)
	}
	defer func() { _ = res.Body.Close() }() // the status said all
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return &refusal{status: res.StatusCode, later: time.Duration(max(seconds, 0)) * time.Second}
	}
	return nil
}

// unveil takes the URL, which may have parameters that are secret, out of a
// client's error.
func unveil(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
