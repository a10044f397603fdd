package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestEveryRouteIsInTheAccessTable(t *testing.T) {
	t.Parallel()
	routes, listed := api.Routes(apitest.NewStore().Config())
	for _, r := range routes {
		route := r.Method + " " + r.Path
		require.True(t, listed[route], "%s is served and missing in the access table", route)
		delete(listed, route)
	}
	require.Empty(t, listed, "these are in the access table and not served")
}

// demands is the contract: who may use what, said again in the words of the
// roles. Whatever is not listed here only reads.
func demands(route string) []aegis.Role {
	admin := []aegis.Role{aegis.RoleAdmin}
	operator := append(admin, aegis.RoleOperator)
	submitter := append(operator, aegis.RoleSubmitter)
	viewer := append(submitter, aegis.RoleViewer)
	switch route {
	case "GET /v1/tokens", "POST /v1/tokens", "DELETE /v1/tokens/:token_id", "POST /v1/stacks",
		"POST /v1/stacks/:stack_id/destroy", "POST /v1/stacks/:stack_id/mode", "POST /v1/stacks/:stack_id/unlock":
		return admin
	case "POST /v1/change-sets/:change_set_id/rollback", "POST /v1/change-sets/:change_set_id/cancel",
		"POST /v1/stacks/:stack_id/reconcile", "POST /v1/stacks/:stack_id/variables", "POST /v1/breakers", "POST /v1/breakers/:breaker_id/close", "POST /v1/budgets",
		"POST /v1/agents", "POST /v1/findings", "POST /v1/policies/simulate", "POST /v1/events",
		"POST /v1/drift/rules", "DELETE /v1/drift/rules/:rule_id", "POST /v1/drift/suggestions/:suggestion_id/accept", "POST /v1/drift/adoptions",
		"POST /v1/policies/bundles", "POST /v1/policies/bundles/rollback",
		"GET /v1/webhooks", "POST /v1/webhooks", "GET /v1/webhooks/:webhook_id", "DELETE /v1/webhooks/:webhook_id",
		"POST /v1/webhooks/:webhook_id/rotate", "POST /v1/webhooks/:webhook_id/enable", "POST /v1/webhooks/:webhook_id/test",
		"GET /v1/webhooks/:webhook_id/deliveries", "GET /v1/webhooks/:webhook_id/deliveries/:delivery_id",
		"POST /v1/webhooks/:webhook_id/deliveries/:delivery_id/redeliver":
		return operator
	case "POST /v1/goals", "POST /v1/goals/preview", "POST /v1/goals/:goal_id/cancel",
		"POST /v1/domain/social/projects", "POST /v1/domain/dev/pipelines", "POST /v1/domain/games/projects":
		return submitter
	case "POST /v1/agents/:agent_id/execute":
		return append(operator, aegis.RoleAgent) // itself: TestAnAgentActsAsItself
	case "POST /v1/login-links", "GET /v1/policies/bundles/active", "GET /v1/agents/:agent_id/memory", "GET /v1/goals/:goal_id/steps":
		return viewer
	default:
		return append(viewer, aegis.RoleAgent)
	}
}

func TestEveryRouteWithEveryRole(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	routes, _ := api.Routes(store.Config())
	tokens := map[aegis.Role]string{}
	for _, role := range []aegis.Role{aegis.RoleViewer, aegis.RoleSubmitter, aegis.RoleOperator, aegis.RoleAdmin, aegis.RoleAgent} {
		tokens[role] = store.Grant(t, role)
	}
	for _, r := range routes {
		route := r.Method + " " + r.Path
		path := r.Method + " " + strings.NewReplacer(":", "none-").Replace(r.Path)
		if isPublic(route) {
			require.Equal(t, http.StatusOK, request{route: path}.do(t, srv.URL).status, route)
			continue
		}
		if strings.HasSuffix(route, "/stream") {
			path += "?after=-1" // answers at once
		}
		allowed := map[aegis.Role]bool{}
		for _, role := range demands(route) {
			allowed[role] = true
		}
		for role, token := range tokens {
			got := request{route: path, token: token}.do(t, srv.URL)
			require.NotEqual(t, http.StatusUnauthorized, got.status, "%s as %s", route, role)
			require.Equal(t, !allowed[role], got.status == http.StatusForbidden, "%s as %s: %d", route, role, got.status)
			require.NotEqual(t, http.StatusInternalServerError, got.status, "%s as %s: %s", route, role, got.body)
		}
	}
}

func isPublic(route string) bool {
	return route == "GET /healthz" || route == "GET /readyz" || route == "GET /openapi.json"
}

func TestEveryRouteWithoutAValidToken(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	routes, _ := api.Routes(store.Config())

	expired, expiredSum := api.NewSecret()
	past := time.Now().Add(-time.Second)
	require.NoError(t, store.CreateToken(t.Context(), aegis.Token{TokenID: "tok-old", Name: "old", Role: aegis.RoleAdmin, ExpiresAt: &past}, expiredSum))
	revoked, revokedSum := api.NewSecret()
	require.NoError(t, store.CreateToken(t.Context(), aegis.Token{TokenID: "tok-gone", Name: "gone", Role: aegis.RoleAdmin}, revokedSum))
	require.NoError(t, store.RevokeToken(t.Context(), "tok-gone"))
	unknownRole, roleSum := api.NewSecret()
	require.NoError(t, store.CreateToken(t.Context(), aegis.Token{TokenID: "tok-odd", Name: "odd", Role: "root"}, roleSum))

	for _, r := range routes {
		if isPublic(r.Method + " " + r.Path) {
			continue
		}
		path := r.Method + " " + strings.NewReplacer(":", "none-").Replace(r.Path)
		for name, token := range map[string]string{"none": "", "malformed": "aegis_x", "expired": expired, "revoked": revoked} {
			got := request{route: path, token: token}.do(t, srv.URL)
			if got.status == http.StatusTooManyRequests {
				got.problem(t, http.StatusTooManyRequests, "rate_limited")
				continue
			}
			got.problem(t, http.StatusUnauthorized, "unauthenticated")
			require.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer", "%s with %s token", path, name)
		}
		require.Equal(t, http.StatusForbidden, request{route: path, token: unknownRole}.do(t, srv.URL).status, path)
	}
}

func TestWrongTokensAreSlowedDownAndRightOnesAreNot(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	now := time.Now()
	store.Now = func() time.Time { return now }
	srv := apitest.Serve(t, store)
	whoami := request{route: "GET /v1/whoami", token: srv.Token}
	require.Equal(t, http.StatusOK, whoami.do(t, srv.URL).status)
	for range 20 {
		wrong, _ := api.NewSecret()
		request{route: "GET /v1/whoami", token: wrong}.do(t, srv.URL).problem(t, http.StatusUnauthorized, "unauthenticated")
	}
	wrong, _ := api.NewSecret()
	limited := request{route: "GET /v1/whoami", token: wrong}.do(t, srv.URL)
	limited.problem(t, http.StatusTooManyRequests, "rate_limited")
	require.NotEmpty(t, limited.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, whoami.do(t, srv.URL).status)
}
