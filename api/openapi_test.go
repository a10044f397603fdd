package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store, func(c *api.Config) { c.Version = "0" })
	got := request{route: "GET /openapi.json"}.do(t, srv.URL)
	require.Equal(t, http.StatusOK, got.status)
	const committed = "../docs/openapi.json"
	if os.Getenv("UPDATE_OPENAPI") != "" {
		require.NoError(t, os.WriteFile(committed, []byte(got.body), 0o600))
	}
	want, err := os.ReadFile(committed)
	require.NoError(t, err)
	require.Equal(t, string(want), got.body, "run: UPDATE_OPENAPI=1 go test ./api -run TestOpenAPI")

	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	got.into(t, &doc)
	require.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"))
	routes, _ := api.Routes(store.Config())
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, "/v1/") {
			continue
		}
		described := doc.Paths[described(r.Path)][strings.ToLower(r.Method)]
		require.NotNil(t, described, "%s %s", r.Method, r.Path)
		responses, err := json.Marshal(described["responses"])
		require.NoError(t, err)
		require.Contains(t, string(responses), "#/components/schemas/Problem", "%s %s", r.Method, r.Path)
	}
	require.NotContains(t, got.body, "ErrorModel")
}

// described turns a router's pattern into OpenAPI's.
func described(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
