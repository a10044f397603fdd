package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aegisworld/aegis"
)

// maxEvent is the longest line of a stream, in bytes.
const maxEvent = 16 << 20

// ErrStop returned by a stream's callback ends the stream without an error.
var ErrStop = errors.New("stop following")

// FollowGoal calls each for every event of a goal and its change sets, from the
// first on, until each returns an error, the API refuses, or ctx ends. A broken
// connection is taken up again where it broke.
func (c *Client) FollowGoal(ctx context.Context, id string, each func(aegis.Event) error) error {
	return c.follow(ctx, "/v1/goals/"+url.PathEscape(id)+"/events", 0, each)
}

// Follow is FollowGoal for everything that happens after an event's seq.
func (c *Client) Follow(ctx context.Context, after int64, each func(aegis.Event) error) error {
	return c.follow(ctx, "/v1/events/stream", after, each)
}

func (c *Client) follow(ctx context.Context, path string, after int64, each func(aegis.Event) error) error {
	for try := 0; ; {
		seen, err := c.stream(ctx, path, after, each)
		stop, stopped := errors.AsType[*callbackError](err)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case stopped:
			return stop.orNil()
		case !retryable(ctx, err):
			return err
		case seen > after:
			try = 0
		}
		after = seen
		if err := wait(ctx, c.pause(err, min(try, 6))); err != nil {
			return err
		}
		try++
	}
}

// stream reads one connection and returns the last seq that it saw.
func (c *Client) stream(ctx context.Context, path string, after int64, each func(aegis.Event) error) (int64, error) {
	req, err := c.request(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return after, err
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", strconv.FormatInt(after, 10))
	res, err := c.http.Do(req)
	if err != nil {
		return after, &unreachableError{err}
	}
	defer func() { _ = res.Body.Close() }() // the stream is over
	if res.StatusCode != http.StatusOK {
		return after, decode(res, nil)
	}
	return scan(res.Body, after, each)
}

// scan reads the data lines of a stream; the API writes one to an event.
func scan(r io.Reader, after int64, each func(aegis.Event) error) (int64, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e aegis.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return after, fmt.Errorf("decode an event after %d: %w", after, err)
		}
		if err := each(e); err != nil {
			return e.Seq, &callbackError{err}
		}
		after = e.Seq
	}
	if err := lines.Err(); err != nil {
		return after, &unreachableError{err}
	}
	return after, &unreachableError{io.ErrUnexpectedEOF}
}

// callbackError is what the caller's own function returned.
type callbackError struct{ err error }

func (e *callbackError) Error() string { return e.err.Error() }
func (e *callbackError) Unwrap() error { return e.err }

func (e *callbackError) orNil() error {
	if errors.Is(e.err, ErrStop) {
		return nil
	}
	return e.err
}
