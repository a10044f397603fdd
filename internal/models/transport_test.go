package models

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// late is a transport that is not through with a request when it answers.
type late struct{ sent *http.Request }

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	l.sent = r
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// closable is a body of which nothing is left once it is closed, as the SDK's.
type closable struct {
	io.Reader
	closed bool
}

func (c *closable) Read(p []byte) (int, error) {
	if c.closed {
		return 0, io.EOF
	}
	return c.Reader.Read(p)
}

func (c *closable) Close() error {
	c.closed = true
	return nil
}

func TestARequestOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	body := &closable{Reader: strings.NewReader("a question")}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", body)
	require.NoError(t, err)
	next := &late{}
	response, err := bounded{next}.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NoError(t, body.Close())
	sent, err := io.ReadAll(next.sent.Body)
	require.NoError(t, err)
	require.Equal(t, "a question", string(sent))
	require.EqualValues(t, len(sent), next.sent.ContentLength)
}
