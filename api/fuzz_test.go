package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

// send passes a request to a handler without a connection, for fuzzing.
func send(t *testing.T, h http.Handler, token, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
	u, err := url.Parse(target)
	if err != nil {
		t.Skip("no URL")
	}
	req.URL = u
	req.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func requireOrderly(t *testing.T, rec *httptest.ResponseRecorder, want int) {
	t.Helper()
	if rec.Code == want {
		return
	}
	require.Less(t, rec.Code, http.StatusInternalServerError, rec.Body.String())
	var p api.Problem
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &p))
	require.Equal(t, rec.Code, p.Status)
}

func FuzzCreateGoal(f *testing.F) {
	store := apitest.NewStore()
	handler, token := api.New(store.Config()), store.Grant(f, aegis.RoleAdmin)
	for _, seed := range []string{
		`{"intent":"x"}`, `{"intent":"x","budget":{"usd_month":-1}}`, `{"intent":"x","deadline":"2030-01-01T00:00:00Z"}`,
		`{"intent":"\u0000"}`, `{"intent":"x","constraints":[null]}`, `{"intent":"x","budget":null}`, `[[[[`, "\xff\xfe", `{"intent":{}}`,
		`{"intent":"x","intent":"y"}`, `{"INTENT":"x"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		rec := send(t, handler, token, http.MethodPost, "/v1/goals", body)
		requireOrderly(t, rec, http.StatusAccepted)
		if rec.Code == http.StatusAccepted {
			var goal aegis.Goal
			require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &goal))
			require.NotEmpty(t, strings.TrimSpace(goal.Intent))
			require.LessOrEqual(t, len([]rune(goal.Intent)), 1000)
		}
	})
}

func FuzzListQuery(f *testing.F) {
	store := apitest.NewStore()
	handler, token := api.New(store.Config()), store.Grant(f, aegis.RoleViewer)
	for _, seed := range []string{"limit=1", "cursor=abc", "limit=1&limit=2", "cursor=%00", "state=promoted&stack_id=a.b.c", "%zz", "limit=1e9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		requireOrderly(t, send(t, handler, token, http.MethodGet, "/v1/change-sets?"+strings.ReplaceAll(query, "#", ""), ""), http.StatusOK)
	})
}
