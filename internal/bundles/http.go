package bundles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/egress"
)

// longPoll is how long a server is asked to hold a request until there is
// something new, as OPA asks it; see "Bundle Service API" in OPA's manual.
const longPoll = 60 * time.Second

// WebOptions describe a web server that has a bundle.
type WebOptions struct {
	// URL is http:// or https://.
	URL string
	// TokenFile holds a bearer token; it is read for every request, so that it
	// can be rotated.
	TokenFile string
	// MaxBytes bounds the archive.
	MaxBytes int64
	Client   *http.Client
}

// Web fetches from a web server. It asks with the ETag that it has, and to be
// answered when there is something new, which a server may ignore.
func Web(o WebOptions) (Fetch, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("a policy source needs an http:// or https:// URL")
	}
	if u.User != nil {
		return nil, errors.New("a policy source's URL must not hold credentials; give a token file")
	}
	if o.Client == nil {
		guard, err := egress.For(u)
		if err != nil {
			return nil, fmt.Errorf("a policy source's URL: %w", err)
		}
		o.Client = guard.Client()
	}
	return func(ctx context.Context, version string) ([]byte, string, error) {
		archive, next, err := o.get(ctx, version)
		if err != nil {
			return nil, "", fmt.Errorf("fetch policy bundle from %s: %w", WebName(o.URL), err)
		}
		return archive, next, nil
	}, nil
}

// WebName is a URL as people may see it: without credentials and parameters.
func WebName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a web server"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func (o WebOptions) get(ctx context.Context, etag string) (archive []byte, next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, longPoll+30*time.Second)
	defer cancel()
	req, err := o.request(ctx, etag)
	if err != nil {
		return nil, "", err
	}
	res, err := o.Client.Do(req)
	if err != nil {
		return nil, "", unveil(err)
	}
	defer func() { _ = res.Body.Close() }() // everything of use was read
	switch res.StatusCode {
	case http.StatusNotModified:
		return nil, etag, nil
	case http.StatusOK:
	default:
		return nil, "", fmt.Errorf("it answered %s", res.Status)
	}
	archive, err = io.ReadAll(io.LimitReader(res.Body, o.MaxBytes+1))
	if err != nil {
		return nil, "", fmt.Errorf("read its answer: %w", err)
	}
	if int64(len(archive)) > o.MaxBytes {
		return nil, "", fmt.Errorf("its archive is larger than %d bytes", o.MaxBytes)
	}
	return archive, res.Header.Get("ETag"), nil
}

func (o WebOptions) request(ctx context.Context, etag string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL, nil)
	if err != nil {
		return nil, errors.New("the URL makes no request")
	}
	req.Header.Set("Prefer", fmt.Sprintf("modes=snapshot;wait=%d", int(longPoll.Seconds())))
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if o.TokenFile != "" {
		token, err := os.ReadFile(o.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("read its token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	return req, nil
}

// unveil takes the URL, which may have parameters that are secret, out of a
// client's error.
func unveil(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
