package api_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestBundles(t *testing.T) {
	t.Parallel()
	t.Run("a push answers 202 with its change set", func(t *testing.T) {
		t.Parallel()
		store := apitest.NewStore()
		srv := apitest.Serve(t, store)
		archive := strings.Repeat("x", 2<<20)
		answer := request{
			route: "POST /v1/policies/bundles", token: srv.Token,
			body: `{"bundle":"` + base64.StdEncoding.EncodeToString([]byte(archive)) + `","composed_on":"embedded"}`,
		}.do(t, srv.URL)
		require.Equal(t, http.StatusAccepted, answer.status, answer.body)
		require.Equal(t, "/v1/change-sets/chg-bundle", answer.header.Get("Location"))
		pushed := store.Pushed()[0]
		require.Equal(t, archive, string(pushed.Archive))
		require.Equal(t, aegis.EmbeddedBundle, pushed.ComposedOn)
		require.Equal(t, aegis.RoleAdmin, pushed.By.Role)
	})
	t.Run("refuses a push without a bundle", func(t *testing.T) {
		t.Parallel()
		srv := apitest.Serve(t, apitest.NewStore())
		for _, body := range []string{`{}`, `{"bundle":""}`, `{"bundle":"!"}`, `{"bundle":"eA==","composed_on":"../x"}`} {
			request{route: "POST /v1/policies/bundles", token: srv.Token, body: body}.do(t, srv.URL).
				problem(t, http.StatusUnprocessableEntity, "invalid")
		}
	})
	t.Run("the running bundle is a .tar.gz with its digest", func(t *testing.T) {
		t.Parallel()
		store := apitest.NewStore()
		store.PutBundle("d1", []byte("\x1f\x8barchive"))
		srv := apitest.Serve(t, store)
		answer := request{route: "GET /v1/policies/bundles/active", token: srv.Token}.do(t, srv.URL)
		require.Equal(t, http.StatusOK, answer.status)
		require.Equal(t, "application/gzip", answer.header.Get("Content-Type"))
		require.Equal(t, `"d1"`, answer.header.Get("ETag"))
		require.Equal(t, "\x1f\x8barchive", answer.body)
	})
	t.Run("lists and rolls back", func(t *testing.T) {
		t.Parallel()
		store := apitest.NewStore()
		store.PutBundle("d1", nil)
		srv := apitest.Serve(t, store)
		var list api.List[aegis.PolicyBundle]
		request{route: "GET /v1/policies/bundles", token: srv.Token}.do(t, srv.URL).into(t, &list)
		require.Equal(t, aegis.BundleActive, list.Items[0].State)
		require.Equal(t, http.StatusAccepted, request{route: "POST /v1/policies/bundles/rollback", token: srv.Token}.do(t, srv.URL).status)
	})
	t.Run("is not offered where nothing ships bundles", func(t *testing.T) {
		t.Parallel()
		srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Bundles = nil })
		for _, route := range []string{"GET /v1/policies/bundles", "GET /v1/policies/bundles/active", "POST /v1/policies/bundles/rollback"} {
			request{route: route, token: srv.Token}.do(t, srv.URL).problem(t, http.StatusNotImplemented, "not_implemented")
		}
	})
}
