package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestHostileRequests(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	for name, c := range map[string]struct {
		request request
		status  int
		kind    string
	}{
		"malformed JSON":        {request{route: "POST /v1/goals", body: `{"intent":`}, 400, "malformed"},
		"trailing data":         {request{route: "POST /v1/goals", body: `{"intent":"x"}{}`}, 400, "malformed"},
		"a number too large":    {request{route: "POST /v1/goals", body: `{"intent":"x","budget":{"usd_month":1e999}}`}, 400, "malformed"},
		"deep JSON":             {request{route: "POST /v1/goals", body: strings.Repeat(`[`, 200_000)}, 400, "malformed"},
		"no body":               {request{route: "POST /v1/goals"}, 400, "malformed"},
		"a body of 1 MiB":       {request{route: "POST /v1/goals", body: `{"intent":"` + long(1<<20) + `"}`}, 413, "too_large"},
		"another media type":    {request{route: "POST /v1/goals", body: `intent=x`, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "unsupported_media_type"},
		"another method":        {request{route: "PATCH /v1/goals", body: `{}`}, 405, "method_not_allowed"},
		"an unknown route":      {request{route: "GET /v1/everything"}, 404, "not_found"},
		"an unknown query":      {request{route: "GET /v1/goals?limt=3"}, 422, "invalid"},
		"a limit of 0":          {request{route: "GET /v1/goals?limit=0"}, 422, "invalid"},
		"a limit of 501":        {request{route: "GET /v1/goals?limit=501"}, 422, "invalid"},
		"a limit of words":      {request{route: "GET /v1/goals?limit=ten"}, 422, "invalid"},
		"a foreign cursor":      {request{route: "GET /v1/goals?cursor=zzz"}, 422, "invalid"},
		"a cursor of SQL":       {request{route: "GET /v1/goals?cursor=%27%20or%201=1"}, 422, "invalid"},
		"an id of CRLF":         {request{route: "GET /v1/goals/x%0d%0aSet-Cookie:a=b"}, 422, "invalid"},
		"an unknown id":         {request{route: "GET /v1/goals/Goal_Unknown"}, 404, "not_found"},
		"an unknown state":      {request{route: "GET /v1/change-sets?state=odd"}, 422, "invalid"},
		"a body where none is":  {request{route: "POST /v1/goals/goal-1/cancel", body: `{"force":true}`}, 422, "invalid"},
		"an unknown region":     {request{route: "POST /v1/breakers", body: `{"scope":"region","key":"mars-1","reason":"x"}`}, 422, "invalid"},
		"an unknown stack":      {request{route: "POST /v1/breakers", body: `{"scope":"stack","key":"a.b.c","reason":"x"}`}, 404, "not_found"},
		"a scope of everything": {request{route: "POST /v1/breakers", body: `{"scope":"global","key":"x","reason":"x"}`}, 422, "invalid"},
		"a negative budget":     {request{route: "POST /v1/budgets", body: `{"scope":"estate","limit_usd_month":-1}`}, 422, "invalid"},
		"a relative path":       {request{route: "POST /v1/stacks", body: `{"stack_id":"w","environment":"prod","region":"eu-west-1","source":{"path":"../x"}}`}, 422, "invalid"},
		"a role of root":        {request{route: "POST /v1/tokens", body: `{"name":"x","role":"root"}`}, 422, "invalid"},
		"a key with a space":    {request{route: "POST /v1/goals", body: `{"intent":"x"}`, header: map[string]string{"Idempotency-Key": "a b"}}, 422, "invalid"},
		"a key that is long":    {request{route: "POST /v1/goals", body: `{"intent":"x"}`, header: map[string]string{"Idempotency-Key": long(256)}}, 422, "invalid"},
		"a later route":         {request{route: "POST /v1/domain/dev/pipelines", body: `{`}, 501, "not_implemented"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.request.token = srv.Token
			c.request.do(t, srv.URL).problem(t, c.status, c.kind)
		})
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	got := request{route: "GET /v1/whoami", token: srv.Token, header: map[string]string{"X-Padding": long(2 << 20)}}.do(t, srv.URL)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, got.status)
}

func TestARequestTriedAgainAfterACrashMakesOneGoal(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	ask := func(key string) answer {
		return request{
			route: "POST /v1/goals", token: srv.Token, body: `{"intent":"x","again":true}`, header: map[string]string{"Idempotency-Key": key},
		}.do(t, srv.URL)
	}
	first := ask("key-1")
	require.Equal(t, http.StatusAccepted, first.status)
	store.LoseAnswers()
	again := ask("key-1")
	require.Equal(t, http.StatusAccepted, again.status)
	require.Empty(t, again.header.Get("Idempotency-Replayed"), "the answer was not kept")
	require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
	require.JSONEq(t, first.body, again.body)
	require.NotEqual(t, first.header.Get("Location"), ask("key-2").header.Get("Location"))
	goals, _, err := store.Goals(t.Context(), aegis.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, goals, 2)
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	keyed := func(route, body string) request {
		return request{route: route, token: srv.Token, body: body, header: map[string]string{"Idempotency-Key": "key-1"}}
	}
	first := keyed("POST /v1/goals", `{"intent":"x"}`).do(t, srv.URL)
	require.Equal(t, http.StatusAccepted, first.status)
	again := keyed("POST /v1/goals", `{"intent":"x"}`).do(t, srv.URL)
	require.Equal(t, first.status, again.status)
	require.Equal(t, first.body, again.body)
	require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	keyed("POST /v1/goals", `{"intent":"y"}`).do(t, srv.URL).problem(t, http.StatusUnprocessableEntity, "idempotency_mismatch")
	keyed("POST /v1/budgets", `{"intent":"x"}`).do(t, srv.URL).problem(t, http.StatusUnprocessableEntity, "idempotency_mismatch")

	goals, _, err := store.Goals(t.Context(), aegis.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, goals, 1)
}

func TestSecretsAreNotReplayed(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	r := request{
		route: "POST /v1/tokens", token: srv.Token, body: `{"name":"ci","role":"viewer"}`,
		header: map[string]string{"Idempotency-Key": "key-1"},
	}
	require.Equal(t, http.StatusCreated, r.do(t, srv.URL).status)
	require.NotContains(t, r.do(t, srv.URL).body, "secret\":")
	r.do(t, srv.URL).problem(t, http.StatusConflict, "conflict")
}

// hung answers nothing, as a database whose machine froze.
type hung struct{}

func (hung) Ping(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) {
		c.Health, c.Patience = hung{}, time.Millisecond
	})
	request{route: "GET /readyz"}.do(t, srv.URL).problem(t, http.StatusServiceUnavailable, "unavailable")
	require.Equal(t, http.StatusOK, request{route: "GET /healthz"}.do(t, srv.URL).status)
}

func TestADatabaseThatIsGone(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	store.Fail(errors.Join(errors.New("dial 10.0.0.1: refused"), aegis.ErrUnavailable))
	for _, route := range []string{"GET /v1/goals", "GET /readyz"} {
		got := request{route: route, token: srv.Token}.do(t, srv.URL)
		got.problem(t, http.StatusServiceUnavailable, "unavailable")
		require.NotContains(t, got.body, "10.0.0.1")
		require.Equal(t, "1", got.header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusOK, request{route: "GET /healthz"}.do(t, srv.URL).status)
	store.Fail(nil)
	require.Equal(t, http.StatusOK, request{route: "GET /v1/goals", token: srv.Token}.do(t, srv.URL).status)
}
