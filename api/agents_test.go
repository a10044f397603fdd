package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/internal/pgtest"
)

// remembering serves the API over memories in a real database.
func remembering(t *testing.T) (*apitest.Server, *memory.Service) {
	t.Helper()
	service := memory.New(memory.Config{Store: pgtest.Open(t)})
	return apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Memory = service }), service
}

func remember(t *testing.T, s *memory.Service, m aegis.Memory) {
	t.Helper()
	m.AgentID, m.Provenance = "planner", aegis.MemoryProvenance{Source: aegis.MemoryFromGoal, GoalID: "goal-1"}
	_, err := s.Remember(t.Context(), m)
	require.NoError(t, err)
}

func TestAgentMemory(t *testing.T) {
	t.Parallel()
	srv, service := remembering(t)
	list := func(query string) (found api.List[aegis.Memory]) {
		request{route: "GET /v1/agents/planner/memory" + query, token: srv.Token}.do(t, srv.URL).into(t, &found)
		return found
	}
	empty := request{route: "GET /v1/agents/planner/memory", token: srv.Token}.do(t, srv.URL)
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, empty.body)

	remember(t, service, aegis.Memory{Kind: aegis.MemoryEpisodic, Scope: "goal-1", Text: "Scaled the runtime to 5 nodes", Outcome: aegis.MemorySucceeded})
	remember(t, service, aegis.Memory{Kind: aegis.MemorySession, Scope: "goal-1", Text: "ann@example.com wants 5 nodes"})
	remember(t, service, aegis.Memory{Kind: aegis.MemorySemantic, Text: "Logs are kept for 90 days"})

	all := list("")
	require.Len(t, all.Items, 3)
	require.Equal(t, "Logs are kept for 90 days", all.Items[0].Text, "newest first")
	require.Equal(t, "[email] wants 5 nodes", all.Items[1].Text)
	require.Len(t, list("?kind=session").Items, 1)
	require.Len(t, list("?scope=goal-1").Items, 2)
	require.Empty(t, list("?scope=goal-2").Items)
	found := list("?q=" + url.QueryEscape("how was the runtime scaled") + "&kind=episodic")
	require.Len(t, found.Items, 1)
	require.Greater(t, found.Items[0].Score, 0.0)
	require.Equal(t, "Logs are kept for 90 days", list("?q=log+retention").Items[0].Text)

	for _, query := range []string{"", "&q=nodes+logs"} {
		var ids []string
		for next := ""; ; {
			page := list("?limit=1" + next + query)
			require.LessOrEqual(t, len(page.Items), 1)
			for _, m := range page.Items {
				ids = append(ids, m.MemoryID)
			}
			if page.NextCursor == "" {
				break
			}
			next = "&cursor=" + page.NextCursor
		}
		require.Len(t, ids, 3)
	}
}

func TestAgentMemoryRoles(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	for role, want := range map[aegis.Role]int{
		aegis.RoleViewer: http.StatusOK, aegis.RoleSubmitter: http.StatusOK, aegis.RoleOperator: http.StatusOK, aegis.RoleAdmin: http.StatusOK,
		aegis.RoleAgent: http.StatusForbidden,
	} {
		require.Equal(t, want, request{route: "GET /v1/agents/planner/memory", token: store.Grant(t, role)}.do(t, srv.URL).status, role)
	}
	request{route: "GET /v1/agents/planner/memory"}.do(t, srv.URL).problem(t, 401, "unauthenticated")
	request{route: "GET /v1/agents/nobody/memory", token: srv.Token}.do(t, srv.URL).problem(t, 404, "not_found")
	without := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Memory = nil })
	request{route: "GET /v1/agents/planner/memory", token: without.Token}.do(t, without.URL).problem(t, 501, "not_implemented")
}

func TestAgentMemoryTakesHostileQueries(t *testing.T) {
	t.Parallel()
	srv, service := remembering(t)
	remember(t, service, aegis.Memory{Kind: aegis.MemorySemantic, Text: "a note"})
	for query, want := range map[string]int{
		"q=%00%01":                        422,
		"q=note%00":                       200,
		"q=%ff%fe":                        422,
		"q='%3B+DROP+TABLE+memories%3B--": 200,
		"q=%28%28%28+%26+%7C+%3A*+%5C":    200,
		"q=" + strings.Repeat("a", 1001):  422,
		"q=" + strings.Repeat("%27", 999): 200,
		"kind=odd":                        422,
		"scope=a%20b":                     422,
		"limit=0":                         422,
		"limit=501":                       422,
		"cursor=abc":                      422,
		"cursor=abc&q=note":               422,
		"cursor=%00":                      422,
		"q=note&q=other":                  200,
		"unknown=1":                       422,
	} {
		got := request{route: "GET /v1/agents/planner/memory?" + query, token: srv.Token}.do(t, srv.URL)
		require.Equal(t, want, got.status, "%s: %s", query, got.body)
	}
	request{route: "GET /v1/agents/%2e%2e%2fplanner/memory", token: srv.Token}.do(t, srv.URL)
	request{route: "GET /v1/agents/a%20b/memory", token: srv.Token}.do(t, srv.URL).problem(t, 422, "invalid")
	var listed api.List[aegis.Memory]
	request{route: "GET /v1/agents/planner/memory?q=note", token: srv.Token}.do(t, srv.URL).into(t, &listed)
	require.Len(t, listed.Items, 1, "all is there")
	require.WithinDuration(t, time.Now(), listed.Items[0].CreatedAt, time.Hour)
}

func FuzzAgentMemoryQuery(f *testing.F) {
	store := apitest.NewStore()
	handler, token := api.New(store.Config()), store.Grant(f, aegis.RoleViewer)
	for _, seed := range []string{"q=a", "q=%00", "kind=episodic&scope=x", "cursor=abc&q=x", "limit=1e9", "q=%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		requireOrderly(t, send(t, handler, token, http.MethodGet, "/v1/agents/planner/memory?"+strings.ReplaceAll(query, "#", ""), ""), http.StatusOK)
	})
}
