package mcptools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis/internal/egress"
)

// maxMessage is the longest message of a server, in bytes.
const maxMessage = 4 << 20

// transport returns how to speak with the server, and what ends it.
func (l *link) transport(ctx context.Context) (mcp.Transport, func(), error) {
	if l.server.URL == "" {
		p, err := startProcess(ctx, l.server, l.o.Dir)
		if err != nil {
			return nil, nil, err
		}
		return &mcp.IOTransport{Reader: p, Writer: p, MaxLineLength: maxMessage}, func() { _ = p.Close() }, nil
	}
	u, err := url.Parse(l.server.URL)
	if err != nil {
		return nil, nil, errors.New("url: not a URL")
	}
	guard, err := egress.For(u)
	if err != nil {
		return nil, nil, fmt.Errorf("url: %w", err)
	}
	client := guard.Client()
	base := client.Transport
	client.Transport = &tripper{next: base, tokenFile: l.server.TokenFile}
	return &mcp.StreamableClientTransport{
		Endpoint: l.server.URL, HTTPClient: client, MaxRetries: -1, DisableStandaloneSSE: true, MaxEventSize: maxMessage,
	}, client.CloseIdleConnections, nil
}

// tripper sends a token, and ends responses that are too long.
type tripper struct {
	next      http.RoundTripper
	tokenFile string
}

// RoundTrip sends a request.
func (t *tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.tokenFile != "" {
		token, err := secret(t.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("token_file: %w", err)
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &body{ReadCloser: response.Body, left: maxMessage}
	return response, nil
}

// CloseIdleConnections lets connections go that nobody uses.
func (t *tripper) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

var errLong = fmt.Errorf("it sent more than %d bytes", maxMessage)

// body ends with errLong.
type body struct {
	io.ReadCloser

	left int
}

// Read returns errLong where the bound is.
func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

const maxSecret = 8 << 10

// secret reads a line of printable characters.
func secret(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // a path of our own configuration
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+2))
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" || len(text) > maxSecret || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%s must hold one line of printable characters", path)
	}
	return text, nil
}
