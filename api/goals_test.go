package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

// call makes one request as the bearer of a token; headers are pairs.
func call(t *testing.T, url, token, route, body string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, got
}

func problem(t *testing.T, res *http.Response, body []byte) api.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"), string(body))
	var p api.Problem
	require.NoError(t, json.Unmarshal(body, &p))
	require.Equal(t, res.StatusCode, p.Status)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	require.True(t, strings.HasPrefix(p.Type, "urn:aegis:problem:"), p.Type)
	return p
}

func TestGoals(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())

	res, body := call(t, srv.URL, srv.Token, "POST /v1/goals", `{"intent":" double the events stream ","budget":{"usd_month":5}}`)
	require.Equal(t, http.StatusAccepted, res.StatusCode, string(body))
	var goal aegis.Goal
	require.NoError(t, json.Unmarshal(body, &goal))
	require.Equal(t, "double the events stream", goal.Intent)
	require.Equal(t, aegis.GoalAccepted, goal.State)
	require.Equal(t, "admin", goal.Submitter)
	require.InDelta(t, 5, *goal.Budget.USDMonth, 0)
	require.Equal(t, "/v1/goals/"+goal.GoalID, res.Header.Get("Location"))

	res, body = call(t, srv.URL, srv.Token, "GET "+res.Header.Get("Location"), "")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, string(body), goal.GoalID)

	res, body = call(t, srv.URL, srv.Token, "GET /v1/goals?limit=1", "")
	require.Equal(t, http.StatusOK, res.StatusCode, string(body))
	require.Contains(t, string(body), `"next_cursor":""`)

	res, body = call(t, srv.URL, srv.Token, "GET /v1/goals/goal-none", "")
	require.Equal(t, http.StatusNotFound, problem(t, res, body).Status)

	res, body = call(t, srv.URL, srv.Token, "GET /v1/goals?limit=501", "")
	require.Equal(t, "limit", problem(t, res, body).Errors[0].Field)
}
