package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

// decided is an API with two decisions.
func decided(t *testing.T, edits ...func(*api.Config)) *apitest.Server {
	t.Helper()
	srv := apitest.Serve(t, apitest.NewStore(), edits...)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	srv.PutDecision(aegis.Decision{
		DecisionID: "dec-1", ChangeSetID: "cs-1", StackIDs: []string{"a.b.c"}, Path: "aegis/gate", BundleRevision: "acme 1@x",
		Outcome: aegis.OutcomeDenied, DecidedAt: at, Result: aegis.GateResult{Deny: []aegis.RuleResult{{Code: "freeze", Address: "db"}}},
	})
	srv.PutDecision(aegis.Decision{
		DecisionID: "dec-2", ChangeSetID: "cs-2", Path: "aegis/meta", Outcome: aegis.OutcomeAllowed, Allowed: true, DecidedAt: at.Add(time.Hour),
	})
	srv.PutDecision(aegis.Decision{DecisionID: "dec-3", Outcome: aegis.OutcomeError, Shadow: true, DecidedAt: at.Add(2 * time.Hour)})
	return srv
}

func TestDecisionsAreFiltered(t *testing.T) {
	t.Parallel()
	srv := decided(t)
	for query, want := range map[string]string{
		"": "dec-2 dec-1", "shadow=true": "dec-3 dec-2 dec-1", "stack_id=a.b.c": "dec-1", "change_set_id=cs-2": "dec-2",
		"rule=freeze": "dec-1", "rule=freeze&outcome=allowed": "", "outcome=denied": "dec-1", "shadow=true&outcome=error": "dec-3",
		"path=aegis/meta": "dec-2", "bundle_revision=" + url.QueryEscape("acme 1@x"): "dec-1",
		"since=2026-01-02T03:04:06Z": "dec-2", "until=2026-01-02T04:04:05Z": "dec-1", "since=2026-01-02T04:04:05Z": "dec-2",
	} {
		var list api.List[aegis.Decision]
		request{route: "GET /v1/policies/decisions?" + query, token: srv.Token}.do(t, srv.URL).into(t, &list)
		var ids []string
		for _, d := range list.Items {
			ids = append(ids, d.DecisionID)
		}
		require.Equal(t, want, strings.Join(ids, " "), query)
	}
	for _, bad := range []string{"outcome=maybe", "since=yesterday", "rule=%00", "path=a%20b", "bundle_revision=%ff", "stack=a"} {
		request{route: "GET /v1/policies/decisions?" + bad, token: srv.Token}.do(t, srv.URL).
			problem(t, http.StatusUnprocessableEntity, "invalid")
	}
}

func TestDecisionsAreExplained(t *testing.T) {
	t.Parallel()
	srv := decided(t)
	var x aegis.DecisionExplanation
	request{route: "GET /v1/policies/decisions/dec-1", token: srv.Token}.do(t, srv.URL).into(t, &x)
	require.Equal(t, "cs-1", x.ChangeSetID)
	require.Equal(t, "freeze", x.Rules[0].Code)
	require.Equal(t, "db", x.Rules[0].Address)
	require.NotEmpty(t, x.Rules[0].Remediation)
	require.Nil(t, x.Trace)

	traced := "GET /v1/policies/decisions/dec-1?trace=true"
	request{route: traced, token: srv.Grant(t, aegis.RoleViewer)}.do(t, srv.URL).into(t, &x)
	require.NotEmpty(t, x.Trace.Lines)
	agent := srv.Grant(t, aegis.RoleAgent)
	request{route: traced, token: agent}.do(t, srv.URL).problem(t, http.StatusForbidden, "forbidden")
	require.Equal(t, http.StatusOK, request{route: "GET /v1/policies/decisions/dec-1", token: agent}.do(t, srv.URL).status)
	request{route: "GET /v1/policies/decisions/dec-9", token: srv.Token}.do(t, srv.URL).problem(t, http.StatusNotFound, "not_found")

	without := decided(t, func(c *api.Config) { c.Explainer = nil })
	request{route: traced, token: without.Token}.do(t, without.URL).problem(t, http.StatusNotImplemented, "not_implemented")
}

func FuzzDecisionQuery(f *testing.F) {
	store := apitest.NewStore()
	store.PutDecision(aegis.Decision{DecisionID: "dec-1", Outcome: aegis.OutcomeAllowed})
	handler, token := api.New(store.Config()), store.Grant(f, aegis.RoleViewer)
	for _, seed := range []string{
		"rule=a&outcome=denied", "since=2026-01-02T03:04:05Z&until=9999-12-31T23:59:59Z", "since=0000-01-01T00:00:00Z", "until=%00",
		"bundle_revision=a%20b@c", "path=aegis/gate", "shadow=maybe", "outcome=", "since=2026-01-02T03:04:05%2B99:99",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		requireOrderly(t, send(t, handler, token, http.MethodGet, "/v1/policies/decisions?"+strings.ReplaceAll(query, "#", ""), ""), http.StatusOK)
	})
}
