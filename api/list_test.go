package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestEveryListPages(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store, func(c *api.Config) { c.Intents = []api.Intent{{Name: "a.b"}, {Name: "c.d"}} })
	for i := range 2 {
		_, err := store.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: fmt.Sprintf("brk-%d", i)})
		require.NoError(t, err)
		require.NoError(t, store.SetBudget(t.Context(), fmt.Sprintf("goal:goal-%d", i), 1))
		store.Grant(t, aegis.RoleViewer)
	}
	for _, path := range []string{"/v1/breakers", "/v1/budgets", "/v1/tokens", "/v1/goals/intents"} {
		var whole, first, rest api.List[map[string]any]
		request{route: "GET " + path, token: srv.Token}.do(t, srv.URL).into(t, &whole)
		require.Empty(t, whole.NextCursor, path)
		request{route: "GET " + path + "?limit=1", token: srv.Token}.do(t, srv.URL).into(t, &first)
		require.Equal(t, whole.Items[:1], first.Items, path)
		next := url.QueryEscape(first.NextCursor)
		request{route: "GET " + path + "?cursor=" + next, token: srv.Token}.do(t, srv.URL).into(t, &rest)
		require.Equal(t, whole.Items[1:], rest.Items, path)

		for _, bad := range []string{"limit=0", "limit=501", "cursor=nobody"} {
			got := request{route: "GET " + path + "?" + bad, token: srv.Token}.do(t, srv.URL)
			got.problem(t, http.StatusUnprocessableEntity, "invalid")
		}
	}
}
