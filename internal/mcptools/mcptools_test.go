package mcptools_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/mcptools"
)

func command(t *testing.T, kind string, args ...string) []string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return append([]string{exe, "mcp-server", kind}, args...)
}

func connect(t *testing.T, s mcptools.Server) *mcptools.Client {
	t.Helper()
	s.Name = "srv"
	c, err := mcptools.New(t.Context(), []mcptools.Server{s}, mcptools.Options{Retry: 10 * time.Millisecond, Wait: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func find(t *testing.T, c *mcptools.Client, name string) tool.Tool {
	t.Helper()
	for _, x := range c.Tools(t.Context()) {
		if x.Name == "srv."+name {
			return x
		}
	}
	require.Fail(t, "no such tool", name)
	return tool.Tool{}
}

func call(t *testing.T, c *mcptools.Client, name, input string) (string, error) {
	t.Helper()
	b, err := find(t, c, name).Run(t.Context(), tool.Caller{}, json.RawMessage(input))
	return string(b), err
}

type text struct {
	Text      string `json:"text"`
	Truncated bool   `json:"truncated"`
}

// isGood is what every good server does, however it is reached.
func isGood(t *testing.T, c *mcptools.Client) {
	t.Helper()
	sum := find(t, c, "sum")
	require.Empty(t, sum.Unavailable)
	require.Equal(t, aegis.ToolFetches, sum.Effect)
	require.Equal(t, "mcp:srv", sum.Source)
	require.Equal(t, "Adds two numbers.", sum.Summary)
	require.Contains(t, string(sum.Input), `"a"`)
	require.Contains(t, string(sum.Output), `"sum"`)
	answer, err := call(t, c, "sum", `{"a":1,"b":2}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"sum":3}`, answer)

	answer, err = call(t, c, "mixed", `{}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"text":"a[31mb\n[image, 3 bytes]","truncated":false}`, answer)
	_, err = call(t, c, "fails", `{}`)
	require.ErrorIs(t, err, tool.ErrFailed)
	require.EqualError(t, err, "the tool failed: no [31msuch thing")

	answer, err = call(t, c, "long", `{}`)
	require.NoError(t, err)
	var long text
	require.NoError(t, json.Unmarshal([]byte(answer), &long))
	require.True(t, long.Truncated)
	require.LessOrEqual(t, len(long.Text), 128<<10)

	limited, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = find(t, c, "hangs").Run(limited, tool.Caller{}, json.RawMessage(`{}`))
	require.ErrorIs(t, err, tool.ErrFailed)
	require.ErrorContains(t, err, "did not answer in time")
	_, err = call(t, c, "huge", `{}`)
	require.ErrorIs(t, err, tool.ErrFailed)
	require.Eventually(t, func() bool {
		answer, err := find(t, c, "sum").Run(t.Context(), tool.Caller{}, json.RawMessage(`{"a":2,"b":2}`))
		return err == nil && string(answer) == `{"sum":4}`
	}, time.Minute, 10*time.Millisecond, "it comes back after an answer that was too long")
}

func TestGoodServerByStreams(t *testing.T) {
	t.Parallel()
	isGood(t, connect(t, mcptools.Server{Command: command(t, "good")}))
}

func TestGoodServerByHTTP(t *testing.T) {
	t.Parallel()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("t0ken\n"), 0o600))
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return goodServer() }, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t0ken" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	isGood(t, connect(t, mcptools.Server{URL: server.URL, TokenFile: token}))
	c := connect(t, mcptools.Server{URL: server.URL, Tools: []string{"sum"}})
	require.Contains(t, find(t, c, "sum").Unavailable, "nauthorized")
}

func TestProgramsHaveAnEnvironmentOfTheirOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(key, []byte("s3cret\n"), 0o600))
	c, err := mcptools.New(t.Context(), []mcptools.Server{{
		Name: "srv", Command: command(t, "good"), EnvFiles: map[string]string{"API_KEY": key}, Tools: []string{"env", "none"}, Scope: "tickets", Effect: aegis.ToolReads,
	}}, mcptools.Options{Dir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	all := c.Tools(t.Context())
	require.Len(t, all, 2)
	require.Equal(t, "tickets", all[0].Scope)
	require.Equal(t, aegis.ToolReads, all[0].Effect)
	require.Equal(t, "MCP server srv has no such tool", all[1].Unavailable)
	answer, err := call(t, c, "env", `{}`)
	require.NoError(t, err)
	var out text
	require.NoError(t, json.Unmarshal([]byte(answer), &out))
	home := filepath.Join(dir, "srv")
	require.ElementsMatch(t, []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + home, "API_KEY=s3cret", "PWD=" + home}, unique(out.Text))
}

func unique(text string) []string {
	seen := map[string]bool{}
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		if !seen[line] {
			seen[line] = true
			all = append(all, line)
		}
	}
	return all
}

func TestServersThatCantBeUsed(t *testing.T) {
	t.Parallel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server notices who is gone when it has read all
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(silent.CloseClientConnections)
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := w.Write([]byte(strings.Repeat(" ", 64<<10))); err != nil {
				return
			}
		}
	}))
	t.Cleanup(endless.Close)
	away := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/", http.StatusTemporaryRedirect))
	t.Cleanup(away.Close)
	for name, s := range map[string]mcptools.Server{
		"deaf":    {Command: command(t, "deaf")},
		"dead":    {Command: command(t, "dead")},
		"babble":  {Command: command(t, "babble")},
		"flood":   {Command: command(t, "flood")},
		"missing": {Command: []string{"/no/such/program"}},
		"no key":  {Command: command(t, "good"), EnvFiles: map[string]string{"KEY": "/no/such/file"}},
		"silent":  {URL: silent.URL},
		"endless": {URL: endless.URL},
		"away":    {URL: away.URL},
		"nobody":  {URL: "http://127.0.0.1:1/"},
		"program": {Command: []string{"/bin/cat"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Timeout, s.Tools = 500*time.Millisecond, []string{"sum"}
			c := connect(t, s)
			require.Contains(t, find(t, c, "sum").Unavailable, "MCP server srv can't be used: ")
			_, err := call(t, c, "sum", `{}`)
			require.ErrorIs(t, err, tool.ErrFailed)
			require.ErrorContains(t, err, "is not connected")
		})
	}
}

func TestServerThatLies(t *testing.T) {
	t.Parallel()
	c := connect(t, mcptools.Server{Command: command(t, "hostile")})
	why := map[string]string{}
	for _, x := range c.Tools(t.Context()) {
		why[strings.TrimPrefix(x.Name, "srv.")] = x.Unavailable
		require.LessOrEqual(t, len(x.Summary), 500)
		require.NotRegexp(t, `[\x00-\x1f\x{202e}\x{200b}]`, x.Summary)
		require.LessOrEqual(t, len(x.Input), 64<<10)
	}
	require.Empty(t, why["described"])
	require.Empty(t, why["promises"])
	for name, part := range map[string]string{
		"array": "not that of an object", "file": "complete in itself", "web": "complete in itself", "broken": "complete in itself",
		"number": "not that of an object", "large": "longer than 65536", "refs": "more than 32 references", "output": "output schema is not that of an object",
	} {
		require.Contains(t, why[name], part, name)
	}
	require.Len(t, why, 10)
	_, err := call(t, c, "promises", `{}`)
	require.ErrorIs(t, err, tool.ErrFailed)
	require.ErrorContains(t, err, "promised an object")
	_, err = call(t, c, "described", `{}`)
	require.ErrorIs(t, err, tool.ErrFailed)
}

func TestServerWithManyTools(t *testing.T) {
	t.Parallel()
	require.Len(t, connect(t, mcptools.Server{Command: command(t, "many")}).Tools(t.Context()), 128)
	c := connect(t, mcptools.Server{Command: command(t, "many"), Tools: []string{"t9999"}})
	require.Empty(t, find(t, c, "t9999").Unavailable)
}

func TestServerWithoutAnEnd(t *testing.T) {
	t.Parallel()
	c := connect(t, mcptools.Server{Command: command(t, "pages"), Tools: []string{"sum"}})
	require.Contains(t, find(t, c, "sum").Unavailable, "more than 16 pages")
}

func TestServerThatChangesItsTools(t *testing.T) {
	t.Parallel()
	c := connect(t, mcptools.Server{Command: command(t, "changing", filepath.Join(t.TempDir(), "changed"))})
	require.Len(t, c.Tools(t.Context()), 1)
	_, err := call(t, c, "t0", `{}`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(c.Tools(t.Context())) == 2 }, 10*time.Minute, 5*time.Millisecond)
}

func TestServerThatGoesAndComesBack(t *testing.T) {
	t.Parallel()
	c := connect(t, mcptools.Server{Command: command(t, "twice")})
	for range 3 {
		require.Eventually(t, func() bool { return find(t, c, "one").Unavailable == "" }, 10*time.Minute, time.Millisecond)
		_, err := call(t, c, "one", `{}`)
		require.ErrorIs(t, err, tool.ErrFailed)
	}
}

func TestHTTPServerThatVanishes(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return goodServer() }, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gone.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	c := connect(t, mcptools.Server{URL: server.URL})
	gone.Store(true)
	_, err := call(t, c, "sum", `{"a":1,"b":1}`)
	require.ErrorIs(t, err, tool.ErrFailed)
	require.Eventually(t, func() bool { return find(t, c, "sum").Unavailable != "" }, 10*time.Minute, time.Millisecond)
	gone.Store(false)
	require.Eventually(t, func() bool { return find(t, c, "sum").Unavailable == "" }, 10*time.Minute, time.Millisecond)
}

func TestCloseEndsPrograms(t *testing.T) {
	t.Parallel()
	mark := "mark-" + strconv.Itoa(os.Getpid())
	c, err := mcptools.New(t.Context(), []mcptools.Server{
		{Name: "a", Command: command(t, "good", mark)}, {Name: "b", Command: command(t, "deaf", mark), Timeout: 100 * time.Millisecond},
	}, mcptools.Options{Wait: 5 * time.Second})
	require.NoError(t, err)
	require.NoError(t, c.Close())
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range all {
		if b, err := os.ReadFile(name); err == nil {
			require.NotContains(t, string(b), mark)
		}
	}
	for _, x := range c.Tools(t.Context()) {
		_, err := x.Run(context.Background(), tool.Caller{}, json.RawMessage(`{}`))
		require.ErrorIs(t, err, tool.ErrFailed)
	}
}

func TestConfigurationsThatAreWrong(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]mcptools.Server{
		"name: ":                    {Name: "A.b", URL: "https://mcp.example.com"},
		"command, url: give one":    {Name: "a"},
		"url: not an http":          {Name: "a", URL: "file:///x"},
		"url: a token goes":         {Name: "a", URL: "http://mcp.example.com", TokenFile: "x"},
		"token_file: only a url":    {Name: "a", Command: []string{"x"}, TokenFile: "x"},
		"env_files: only a command": {Name: "a", URL: "https://mcp.example.com", EnvFiles: map[string]string{"A": "x"}},
		"env_files: \"A=B\"":        {Name: "a", Command: []string{"x"}, EnvFiles: map[string]string{"A=B": "x"}},
		"timeout: 1h0m0s":           {Name: "a", Command: []string{"x"}, Timeout: time.Hour},
		"tools: \"a b\"":            {Name: "a", Command: []string{"x"}, Tools: []string{"a b"}},
		"effect: \"write\"":         {Name: "a", Command: []string{"x"}, Effect: "write"},
	} {
		_, err := mcptools.New(t.Context(), []mcptools.Server{s}, mcptools.Options{})
		require.ErrorContains(t, err, "[0]: "+want)
	}
	good := mcptools.Server{Name: "a", Command: []string{"x"}}
	_, err := mcptools.New(t.Context(), []mcptools.Server{good, good}, mcptools.Options{})
	require.ErrorContains(t, err, `[1].name: "a" is there twice`)
}
