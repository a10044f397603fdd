package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/egress"
	"github.com/aegisworld/aegis/internal/fetch"
)

type answer struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Text        string `json:"text"`
	Truncated   bool   `json:"truncated"`
	URL         string `json:"url"`
}

// lookup resolves every name to a function's answer.
type lookup func(host string) string

func (l lookup) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr(l(host))}, nil
}

// world is the internet as the tool sees it: all names have a public address, where
// the handler answers.
type world struct {
	tool.Tool

	dialled *atomic.Int64
}

func newWorld(t *testing.T, resolve lookup, handler http.HandlerFunc) world {
	t.Helper()
	return newHastyWorld(t, 0, resolve, handler)
}

func newHastyWorld(t *testing.T, timeout time.Duration, resolve lookup, handler http.HandlerFunc) world {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w := world{dialled: &atomic.Int64{}}
	guard, err := egress.New(egress.Options{Resolver: resolve, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		w.dialled.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}})
	require.NoError(t, err)
	w.Tool, err = fetch.New(fetch.Options{Guard: guard, Timeout: timeout})
	require.NoError(t, err)
	return w
}

func public(string) string { return "93.184.216.34" }

func (w world) call(t *testing.T, input string) (answer, error) {
	t.Helper()
	by := tool.Caller{Hosts: []string{"docs.example.com", "*.corp.example", "169.254.169.254", "localhost", "2130706433"}}
	body, err := w.Run(t.Context(), by, json.RawMessage(input))
	var a answer
	if err == nil {
		require.NoError(t, json.Unmarshal(body, &a))
	}
	return a, err
}

func (w world) get(t *testing.T, url string) (answer, error) {
	t.Helper()
	return w.call(t, fmt.Sprintf(`{"url":%q}`, url))
}

func TestReadsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, public, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
			_, _ = w.Write([]byte("<!doctype html><title>T</title><style>x{}</style><script>alert('<p>no')</script><h1>Hello  <b>w</b>orld</h1><p>caf\xe9 &amp; <a href=x>tea</a><br>b<table><tr><td>1<td>2</table><noscript>no</noscript><!-- no -->"))
		case "/json":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"a":1}`))
		case "/empty":
		case "/who":
			_, _ = fmt.Fprintf(w, "%s %q %q %q", r.Method, r.Header.Get("Cookie"), r.Header.Get("Authorization"), r.Header.Get("Referer"))
		case "/hop":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "http://a.corp.example/who", http.StatusFound)
		}
	})
	a, err := w.get(t, "http://docs.example.com/page#part")
	require.NoError(t, err)
	require.Equal(t, answer{200, "text/html; charset=iso-8859-1", "T\nHello world\ncafé & tea\nb\n1 2", false, "http://docs.example.com/page"}, a)
	a, err = w.get(t, "http://docs.example.com/json")
	require.NoError(t, err)
	require.Equal(t, answer{404, "application/problem+json", `{"a":1}`, false, "http://docs.example.com/json"}, a)
	a, err = w.get(t, "http://DOCS.example.com./empty")
	require.NoError(t, err)
	require.Empty(t, a.Text)
	a, err = w.get(t, "http://docs.example.com/hop")
	require.NoError(t, err)
	require.Equal(t, `GET "" "" ""`, a.Text)
	require.Equal(t, "http://a.corp.example/who", a.URL)
	a, err = w.call(t, `{"url":"http://docs.example.com/who","method":"HEAD"}`)
	require.NoError(t, err)
	require.Empty(t, a.Text)
	require.Equal(t, 200, a.Status)
}

func TestHostsOutOfScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, public, func(http.ResponseWriter, *http.Request) {})
	for _, url := range []string{
		"http://example.com/", "http://corp.example/", "http://xdocs.example.com/", "http://docs.example.com.evil.example/", "http://127.0.0.1/",
		"http://10.0.0.1/", "http://[::1]/", "http://[::ffff:169.254.169.254]/", "http://127.1/", "http://0x7f000001/", "http://0177.0.0.1/", "http://2852039166/",
		"http://docs.example.com\u3002evil.example/", "http://ｄocs.example.com/", "https://93.184.216.34/",
	} {
		_, err := w.get(t, url)
		require.ErrorIs(t, err, tool.ErrRefused, url)
	}
	for _, url := range []string{
		"http://user:pw@docs.example.com/", "http://docs.example.com@evil.example/", "file:///etc/passwd", "ftp://docs.example.com/", "gopher://docs.example.com/",
		"//docs.example.com/", "docs.example.com", "http://", "http:///x", "http://docs.example.com:port/", "http://docs.example.com/\x01", "http://" + strings.Repeat("a", 5000),
	} {
		_, err := w.get(t, url)
		require.Error(t, err, url)
		require.NotErrorIs(t, err, tool.ErrFailed, url)
		require.NotContains(t, err.Error(), "pw")
	}
	_, err := w.call(t, `{"url":"http://docs.example.com/","method":"POST"}`)
	require.ErrorIs(t, err, tool.ErrInput)
	_, err = w.Run(t.Context(), tool.Caller{}, json.RawMessage(`{"url":"http://docs.example.com/"}`))
	require.ErrorIs(t, err, tool.ErrRefused, "an agent without hosts reaches none")
	require.Zero(t, w.dialled.Load())
}

func TestAddressesBehindNames(t *testing.T) {
	t.Parallel()
	for name, addr := range map[string]string{
		"docs.example.com": "127.0.0.1", "a.corp.example": "10.1.2.3", "b.corp.example": "169.254.169.254", "localhost": "::1", "2130706433": "127.0.0.1",
		"c.corp.example": "fd00:ec2::254", "d.corp.example": "::ffff:192.168.0.1", "169.254.169.254": "1.1.1.1",
	} {
		w := newWorld(t, func(string) string { return addr }, func(http.ResponseWriter, *http.Request) {})
		_, err := w.get(t, "http://"+name+"/latest/meta-data/")
		require.ErrorIs(t, err, tool.ErrRefused, name)
		require.Zero(t, w.dialled.Load(), name)
	}
}

func TestNamesThatChangeTheirAddress(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	w := newWorld(t, func(string) string {
		if asked.Add(1) == 1 {
			return "93.184.216.34"
		}
		return "127.0.0.1"
	}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "http://docs.example.com/again", http.StatusFound)
	})
	_, err := w.get(t, "http://docs.example.com/")
	require.ErrorIs(t, err, tool.ErrRefused)
	require.EqualValues(t, 1, w.dialled.Load())
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var to atomic.Value
	w := newWorld(t, public, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to.Load().(string)) //nolint:forcetypeassert // the test's own
		w.WriteHeader(http.StatusFound)
	})
	for _, target := range []string{"http://127.0.0.1/", "http://169.254.170.2/", "http://evil.example/", "//evil.example/", "http://u:p@docs.example.com/", "file:///etc/passwd", "gopher://docs.example.com/"} {
		to.Store(target)
		_, err := w.get(t, "http://docs.example.com/")
		require.ErrorIs(t, err, tool.ErrRefused, target)
	}
	to.Store("http://docs.example.com/")
	_, err := w.get(t, "http://docs.example.com/")
	require.ErrorIs(t, err, tool.ErrFailed)
	require.ErrorContains(t, err, "redirects")
}

func TestBodiesThatAreTooMuch(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 8 {
		_, _ = z.Write(bytes.Repeat([]byte("a"), 1<<20))
	}
	require.NoError(t, z.Close())
	w := newWorld(t, public, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("é"), 4096)); err != nil {
					return
				}
			}
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("<p>a <x y='"), 4096)); err != nil {
					return
				}
			}
		case "/headers":
			for i := range 100 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("a", 1000))
			}
		case "/liar":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("short"))
		}
	})
	for _, path := range []string{"/bomb", "/endless", "/html"} {
		a, err := w.get(t, "http://docs.example.com"+path)
		require.NoError(t, err, path)
		require.True(t, a.Truncated, path)
		require.LessOrEqual(t, len(a.Text), 128<<10, path)
	}
	for path, why := range map[string]string{"/headers": "", "/liar": "unexpected EOF"} {
		_, err := w.get(t, "http://docs.example.com"+path)
		require.ErrorIs(t, err, tool.ErrFailed, path)
		require.ErrorContains(t, err, why, path)
	}
}

func TestServersThatAreSlow(t *testing.T) {
	t.Parallel()
	w := newHastyWorld(t, 200*time.Millisecond, public, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			_, _ = w.Write([]byte("a"))
			w.(http.Flusher).Flush() //nolint:forcetypeassert // the standard library's
		}
		<-r.Context().Done()
	})
	for _, path := range []string{"/slow", "/silent"} {
		_, err := w.get(t, "http://docs.example.com"+path)
		require.ErrorIs(t, err, tool.ErrFailed, path)
		require.ErrorContains(t, err, "within 200ms", path)
	}
}

func TestTypesThatAreNoText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, public, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		_, _ = w.Write([]byte("\x89PNG\r\n\x1a\n\x00\x00"))
	})
	for _, kind := range []string{"image/png", "application/octet-stream", "application/zip", "image/svg%2Bxml", "text/plain", "text/html", "/"} {
		_, err := w.get(t, "http://docs.example.com/?type="+kind)
		require.ErrorIs(t, err, tool.ErrFailed, kind)
		require.ErrorContains(t, err, "no text", kind)
	}
}

func TestAnyPageBecomesText(t *testing.T) {
	t.Parallel()
	var page atomic.Value
	page.Store([]byte{})
	w := newWorld(t, public, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(page.Load().([]byte)) //nolint:forcetypeassert // the test's own
	})
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom([]string{"<p>", "</p>", "<script>", "</script>", "<td", ">", "&#0;", "&lt;", " ", "\xff", "<svg>", "<!--", "-->"}), rapid.String())).Draw(rt, "parts")
		page.Store([]byte(strings.Join(parts, "")))
		a, err := w.get(t, "http://docs.example.com/")
		if err != nil {
			require.ErrorContains(rt, err, "no text")
			return
		}
		require.NotContains(rt, a.Text, "\x00")
	})
}
