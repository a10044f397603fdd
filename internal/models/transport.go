package models

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/egress"
)

// maxBody is the most of a response that is read. A stream has some hundred
// bytes around each token.
const maxBody = 32 << 20

// client returns a client for one server, without redirects, whose responses
// are bounded.
func client(server *url.URL) (*http.Client, error) {
	guard, err := egress.For(server)
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	c := guard.Client()
	c.Transport = bounded{c.Transport}
	return c, nil
}

// bounded ends responses that are too long.
type bounded struct{ next http.RoundTripper }

// RoundTrip sends a request. Its body is read before: AWS's SDK closes the body once a
// response has begun, and a transport that has not seen its end by then closes the
// connection, with the answer on it.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := detached(r)
	if err != nil {
		return nil, err
	}
	response, err := b.next.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: maxBody}
	return response, nil
}

// detached is a request whose body nobody else closes.
func detached(r *http.Request) (*http.Request, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	sent := r.Clone(r.Context())
	sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return sent, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read returns ErrTooLarge where the bound is.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, &model.CallError{Kind: model.ErrTooLarge, Detail: fmt.Sprintf("the response is longer than %d bytes", maxBody)}
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
