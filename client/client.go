// Package client speaks the HTTP API of AegisWorld: one method per route,
// problem documents as errors that match the sentinels of package aegis, and
// event streams that resume by themselves.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// maxAnswer is the largest answer that is read, in bytes.
const maxAnswer = 64 << 20

// Client calls one API with one token. It is safe for concurrent use.
type Client struct {
	base    string
	token   string
	http    *http.Client
	tries   int
	backoff func(try int) time.Duration
}

// New returns a client of the API at a URL such as "http://127.0.0.1:8080".
func New(url, token string) *Client {
	return &Client{
		base: strings.TrimRight(url, "/"), token: token, tries: 4,
		http:    &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		backoff: func(try int) time.Duration { return 100 * time.Millisecond << try },
	}
}

// List is one page of a list, newest first.
type List[T any] struct {
	Items []T `json:"items"`
	// NextCursor asks for the following page; "" says that there is none.
	NextCursor string `json:"next_cursor"`
}

// call makes a request and decodes its answer into out. Requests are retried
// when the API is out of reach or says 429, 502, 503 or 504: a GET or a DELETE
// does the same twice, and a POST carries an Idempotency-Key.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
	}
	key := ""
	if method == http.MethodPost {
		key = rand.Text()
	}
	var err error
	for try := range c.tries {
		if try > 0 {
			if werr := wait(ctx, c.pause(err, try-1)); werr != nil {
				return errors.Join(err, werr)
			}
		}
		if err = c.once(ctx, method, path, query, key, body, out); !retryable(ctx, err) {
			return err
		}
	}
	return err
}

func (c *Client) once(ctx context.Context, method, path string, query url.Values, key string, body []byte, out any) error {
	req, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &unreachableError{err}
	}
	defer func() { _ = res.Body.Close() }() // everything was read
	return decode(res, out)
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Request, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil || req.URL.Host == "" || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return nil, fmt.Errorf("%s %s: %w", method, path, aegis.Invalid("url", "give the API's address, such as http://127.0.0.1:8080"))
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

func decode(res *http.Response, out any) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return &unreachableError{err}
	case res.StatusCode >= http.StatusMultipleChoices:
		return problemOf(res, body)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("decode the answer to %s %s: %w", res.Request.Method, res.Request.URL.Path, err)
	}
	return nil
}

// pause is what the API asked for, or a backoff.
func (c *Client) pause(err error, try int) time.Duration {
	if p, ok := errors.AsType[*Error](err); ok && p.RetryAfter > 0 {
		return p.RetryAfter
	}
	return c.backoff(try)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var out T
	err := c.call(ctx, http.MethodGet, path, query, nil, &out)
	return out, err
}

// all reads a list to its end.
func all[T any](ctx context.Context, c *Client, path string) (List[T], error) {
	items, err := everyItem(func(p aegis.Page) (List[T], error) { return get[List[T]](ctx, c, path, pageQuery(p)) })
	return List[T]{Items: items}, err
}

// everyItem reads all pages of a list.
func everyItem[T any](read func(aegis.Page) (List[T], error)) ([]T, error) {
	items := []T{}
	for page := (aegis.Page{Limit: 500}); ; {
		list, err := read(page)
		if err != nil {
			return items, err
		}
		items = append(items, list.Items...)
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			return items, nil
		}
	}
}

func post[T any](ctx context.Context, c *Client, path string, in any) (T, error) {
	var out T
	err := c.call(ctx, http.MethodPost, path, nil, in, &out)
	return out, err
}

// pageQuery are the parameters of a list.
func pageQuery(p aegis.Page) url.Values {
	q := url.Values{}
	if p.Limit != 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	set(q, "cursor", p.Cursor)
	return q
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}
