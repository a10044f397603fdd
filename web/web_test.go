package web_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/web"
)

func serve(t *testing.T, store *apitest.Store) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(web.New(web.Config{
		Goals: store, ChangeSets: store, Stacks: store, Events: store, Sessions: store, Version: "v0-test",
		AllowedHosts: []string{"aegis.example"}, Now: func() time.Time { return store.Now() }, Pause: time.Millisecond,
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv
}

// code stores a login code of 256 bits for a viewer.
func code(t *testing.T, store *apitest.Store, seed string, life time.Duration) string {
	t.Helper()
	store.Grant(t, aegis.RoleViewer)
	tokens, err := store.Tokens(t.Context())
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(seed))
	c := base64.RawURLEncoding.EncodeToString(sum[:])
	require.NoError(t, store.CreateLoginCode(t.Context(), sha256.Sum256([]byte(c)), tokens[len(tokens)-1].TokenID, store.Now().Add(life)))
	return c
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar}
}

func visit(t *testing.T, c *http.Client, method, url, host string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	if host != "" {
		req.Host = host
	}
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	var body strings.Builder
	_, err = bufio.NewReader(res.Body).WriteTo(&body)
	require.NoError(t, err)
	return res.StatusCode, res.Header, body.String()
}

func TestALoginLinkSignsInOnce(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	require.NoError(t, store.Sample(t.Context()))
	srv := serve(t, store)
	link := srv.URL + "/login?code=" + code(t, store, "1", time.Minute)

	status, _, body := visit(t, browser(t), http.MethodGet, srv.URL, "")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, "aegis login")

	c := browser(t)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	status, header, _ := visit(t, c, http.MethodGet, link, "")
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/", header.Get("Location"))
	cookie := header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		require.Contains(t, cookie, part)
	}
	status, _, body = visit(t, c, http.MethodGet, srv.URL, "")
	require.Equal(t, http.StatusOK, status)
	for _, fact := range []string{"prod.data.us-east-1", "scale the runtime in eu-west-1 to 4 nodes", "world_open_admin_port", "legacy-vpn"} {
		require.Contains(t, body, fact)
	}
	status, _, body = visit(t, browser(t), http.MethodGet, link, "")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, "used before or is too old")
}

func TestOldLinksAndSessionsAreRefused(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	began, later := time.Now(), atomic.Int64{}
	store.Now = func() time.Time { return began.Add(time.Duration(later.Load())) }
	srv := serve(t, store)
	late := srv.URL + "/login?code=" + code(t, store, "late", -time.Second)
	status, _, _ := visit(t, browser(t), http.MethodGet, late, "")
	require.Equal(t, http.StatusUnauthorized, status)
	status, _, _ = visit(t, browser(t), http.MethodGet, srv.URL+"/login?code=guess", "")
	require.Equal(t, http.StatusUnauthorized, status)

	c := browser(t)
	status, _, _ = visit(t, c, http.MethodGet, srv.URL+"/login?code="+code(t, store, "2", time.Minute), "")
	require.Equal(t, http.StatusOK, status)
	later.Store(int64(13 * time.Hour))
	status, _, _ = visit(t, c, http.MethodGet, srv.URL, "")
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestForeignHostsAndOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	srv := serve(t, apitest.NewStore())
	for host, want := range map[string]int{
		"evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example": http.StatusMisdirectedRequest,
		"aegis.example": http.StatusUnauthorized, "AEGIS.example:8443": http.StatusUnauthorized,
		"localhost:8080": http.StatusUnauthorized, "[::1]:8080": http.StatusUnauthorized,
	} {
		status, _, _ := visit(t, browser(t), http.MethodGet, srv.URL, host)
		require.Equal(t, want, status, host)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		status, _, _ := visit(t, browser(t), method, srv.URL, "")
		require.Equal(t, http.StatusMethodNotAllowed, status, method)
	}
}

func TestPagesKeepToThemselves(t *testing.T) {
	t.Parallel()
	srv := serve(t, apitest.NewStore())
	for _, path := range []string{"/", "/login", "/static/app.js", "/none"} {
		_, header, body := visit(t, browser(t), http.MethodGet, srv.URL+path, "")
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
		require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.NotContains(t, body, "<style")
		require.NotContains(t, body, "style=")
		require.NotContains(t, body, "onclick")
	}
}

func TestHostileTextIsEscaped(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := serve(t, store)
	require.NoError(t, store.CreateGoal(t.Context(), aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "g", Intent: `<script>alert(1)</script>`}}, ""))
	_, _, body := visit(t, browser(t), http.MethodGet, srv.URL+"/login?code="+code(t, store, "1", time.Minute), "")
	require.NotContains(t, body, "<script>alert")
	require.Contains(t, body, "&lt;script&gt;alert")
}

func TestTheLivePageFollows(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := serve(t, store)
	c := browser(t)
	visit(t, c, http.MethodGet, srv.URL+"/login?code="+code(t, store, "1", time.Minute), "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/live", nil)
	require.NoError(t, err)
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	lines := bufio.NewScanner(res.Body)
	await := func(fact string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), fact) {
				return
			}
		}
		require.FailNow(t, "the stream ended", "before %q", fact)
	}
	await("No goals yet")
	require.NoError(t, store.CreateGoal(t.Context(), aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "g", Intent: "double the events stream"}}, ""))
	await("double the events stream")
}
