package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestTools(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	var all api.List[aegis.Tool]
	request{route: "GET /v1/tools", token: srv.Token}.do(t, srv.URL).into(t, &all)
	require.Equal(t, store.Tools(), all.Items)
	var names []string
	for next := ""; ; {
		var page api.List[aegis.Tool]
		request{route: "GET /v1/tools?limit=1" + next, token: srv.Token}.do(t, srv.URL).into(t, &page)
		names = append(names, page.Items[0].Name)
		if page.NextCursor == "" {
			break
		}
		next = "&cursor=" + page.NextCursor
	}
	require.Equal(t, []string{"github.search", "list_stacks"}, names)
	for _, query := range []string{"limit=0", "limit=501", "cursor=nobody", "cursor=%00", "unknown=1"} {
		request{route: "GET /v1/tools?" + query, token: srv.Token}.do(t, srv.URL).problem(t, 422, "invalid")
	}
}

func TestToolsAreForAllWhoMayListModels(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	for _, role := range []aegis.Role{aegis.RoleViewer, aegis.RoleSubmitter, aegis.RoleOperator, aegis.RoleAdmin, aegis.RoleAgent} {
		token := store.Grant(t, role)
		require.Equal(t, http.StatusOK, request{route: "GET /v1/models", token: token}.do(t, srv.URL).status, role)
		require.Equal(t, http.StatusOK, request{route: "GET /v1/tools", token: token}.do(t, srv.URL).status, role)
	}
	request{route: "GET /v1/tools"}.do(t, srv.URL).problem(t, 401, "unauthenticated")
	without := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Tools = nil })
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, request{route: "GET /v1/tools", token: without.Token}.do(t, without.URL).body)
}
