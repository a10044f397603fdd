package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/api"
)

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// request is one to make; route is a method and a path.
type request struct {
	route, token, body string
	header             map[string]string
}

func (r request) do(t *testing.T, url string) answer {
	t.Helper()
	method, path, _ := strings.Cut(r.route, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(r.body))
	require.NoError(t, err)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answer{res.StatusCode, res.Header, string(body)}
}

// into decodes a JSON answer.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), v), a.body)
}

// problem decodes an answer that must be a problem document of a kind.
func (a answer) problem(t *testing.T, status int, kind string) api.Problem {
	t.Helper()
	require.Equal(t, status, a.status, a.body)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"), a.body)
	var p api.Problem
	a.into(t, &p)
	require.Equal(t, "urn:aegis:problem:"+kind, p.Type, a.body)
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	require.NotEmpty(t, p.Instance)
	return p
}
