package fetch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/egress"
)

// Name is the tool's name.
const Name = "http_fetch"

const (
	// maxText is the most bytes of text in an answer, and maxBody of what is read for
	// them, after decompression.
	maxText = 128 << 10
	maxBody = 1 << 20
	maxURL  = 4096

	defaultTimeout = 20 * time.Second
)

// Options configure the tool.
type Options struct {
	// Guard decides which addresses are connected to. A host of the agent's scope is
	// not enough: a private address must be named by the operator.
	Guard *egress.Guard
	// Timeout bounds a call with all of its redirects; 20 s when 0.
	Timeout time.Duration
}

// request is the tool's input.
type request struct {
	URL    string `json:"url"`
	Method string `json:"method,omitempty"`
}

// answer is the tool's output.
type answer struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Text        string `json:"text"`
	// Truncated says that there was more text.
	Truncated bool `json:"truncated"`
	// URL is where the answer came from, after redirects.
	URL string `json:"url"`
}

const inputSchema = `{
  "type": "object", "additionalProperties": false, "required": ["url"],
  "properties": {
    "url": {"type": "string", "maxLength": 4096, "description": "http or https, of a host in the agent's network scope"},
    "method": {"enum": ["GET", "HEAD"], "description": "GET unless given"}
  }
}`

const outputSchema = `{
  "type": "object", "additionalProperties": false,
  "required": ["status", "content_type", "text", "truncated", "url"],
  "properties": {
    "status": {"type": "integer"},
    "content_type": {"type": "string"},
    "text": {"type": "string"},
    "truncated": {"type": "boolean"},
    "url": {"type": "string"}
  }
}`

type fetcher struct {
	client  *http.Client
	timeout time.Duration
}

// New returns the tool "http_fetch".
func New(o Options) (tool.Tool, error) {
	if o.Guard == nil {
		return tool.Tool{}, errors.New("guard: missing; give the guard of what leaves")
	}
	f := fetcher{client: o.Guard.Following(), timeout: cmp.Or(o.Timeout, defaultTimeout)}
	return tool.Tool{
		Tool: aegis.Tool{
			Name:    Name,
			Summary: "Reads a page or file of text from a host in the agent's network scope; HTML becomes plain text.",
			Effect:  aegis.ToolFetches, Scope: "tools", Source: "aegis",
			Input: json.RawMessage(inputSchema), Output: json.RawMessage(outputSchema),
		},
		Timeout: f.timeout + time.Second,
		Run:     f.run,
	}, nil
}

func (f fetcher) run(ctx context.Context, by tool.Caller, input json.RawMessage) (json.RawMessage, error) {
	var r request
	if err := json.Unmarshal(input, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", tool.ErrInput, err)
	}
	scope, err := egress.New(egress.Options{Allow: by.Hosts})
	if err != nil {
		return nil, fmt.Errorf("%w: network_scope: %w", tool.ErrRefused, err)
	}
	u, err := parse(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tool.ErrInput, err)
	}
	if err := inScope(scope, u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, err := f.fetch(ctx, scope, cmp.Or(r.Method, http.MethodGet), u)
	if err != nil {
		return nil, f.fault(ctx, u.Hostname(), err)
	}
	return json.Marshal(a)
}

// parse checks the method and the URL.
func parse(r request) (*url.URL, error) {
	if r.Method != "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, fmt.Errorf("method: %.20q is neither GET nor HEAD", r.Method)
	}
	if len(r.URL) > maxURL {
		return nil, fmt.Errorf("url: longer than %d bytes", maxURL)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, errors.New("url: not a URL") // the cause shows all of it
	}
	u.Fragment = ""
	return u, checkURL(u)
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("url: only http and https are read")
	case u.User != nil:
		return errors.New("url: a user or password in it is not sent; leave it out")
	case u.Hostname() == "":
		return errors.New("url: it has no host")
	}
	return nil
}

func inScope(scope *egress.Guard, u *url.URL) error {
	if !scope.Named(u.Hostname()) {
		return fmt.Errorf("%w: host %.255q is not in the agent's network_scope", tool.ErrRefused, u.Hostname())
	}
	return nil
}

// fetch sends the request and its redirects.
func (f fetcher) fetch(ctx context.Context, scope *egress.Guard, method string, u *url.URL) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return answer{}, errors.New("url: not a URL")
	}
	r.Header.Set("Accept", "text/html, text/plain, application/json, text/*;q=0.9, */*;q=0.1")
	r.Header.Set("User-Agent", "aegis")
	client := *f.client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		next.Header.Del("Referer") // it may hold what the next host must not know
		if err := checkURL(next.URL); err != nil {
			return fmt.Errorf("%w: redirect: %w", tool.ErrRefused, err)
		}
		if err := inScope(scope, next.URL); err != nil {
			return err
		}
		return f.client.CheckRedirect(next, via)
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{Status: response.StatusCode, ContentType: bound(response.Header.Get("Content-Type"), 200), URL: response.Request.URL.String()}
	if method == http.MethodHead {
		return a, nil
	}
	a.Text, a.Truncated, err = readText(response.Body, response.Header.Get("Content-Type"))
	return a, err
}

// fault words an error for whoever called the tool.
func (f fetcher) fault(ctx context.Context, host string, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the URL
	}
	switch {
	case errors.Is(err, tool.ErrRefused):
		return err
	case errors.Is(err, egress.ErrRefused):
		return fmt.Errorf("%w: %s (egress.allow in the configuration names exceptions)", tool.ErrRefused, bound(err.Error(), 300))
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %s did not answer within %s", tool.ErrFailed, host, f.timeout)
	default:
		return fmt.Errorf("%w: %s: %s", tool.ErrFailed, host, bound(err.Error(), 300))
	}
}

// bound makes one line of a text that others wrote.
func bound(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return cut(s, most)
}

// cut ends a text between two characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

var errType = errors.New("it is no text")

// readText returns a body as UTF-8 text, and whether there was more.
func readText(body io.Reader, contentType string) (string, bool, error) {
	limited := &io.LimitedReader{R: body, N: maxBody}
	var text string
	kind, reader, err := decode(limited, contentType)
	switch {
	case err != nil:
		return "", false, err
	case kind == "text/html" || kind == "application/xhtml+xml":
		text, err = htmlText(reader)
	default:
		var b []byte
		b, err = io.ReadAll(io.LimitReader(reader, maxText+1))
		text = string(b)
	}
	if err != nil {
		return "", false, err
	}
	text = strings.Map(printable, strings.ToValidUTF8(text, "\uFFFD"))
	return cut(text, maxText), len(text) > maxText || limited.N == 0, nil
}

func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}
