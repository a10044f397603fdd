package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestAgentsCarryOutGoalsWithinTheirEnvelope(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	var made aegis.Agent
	request{
		route: "POST /v1/agents", token: srv.Token,
		body: `{"name":"night-shift","role":"keeps us up","envelope":{"regions":["eu-west-1"],"layers":["runtime"],"risk_tolerance":"low",` +
			`"budget":{"usd_month":50},"memories":["planner"],"no_deletions":true}}`,
	}.do(t, srv.URL).into(t, &made)
	require.NotEmpty(t, made.AgentID)
	require.NotEmpty(t, made.CreatedBy)

	var list api.List[aegis.Agent]
	request{route: "GET /v1/agents", token: srv.Token}.do(t, srv.URL).into(t, &list)
	require.Equal(t, []aegis.Agent{made}, list.Items)
	for _, id := range []string{made.AgentID, made.Name} {
		var got aegis.Agent
		request{route: "GET /v1/agents/" + id, token: srv.Token}.do(t, srv.URL).into(t, &got)
		require.Equal(t, made, got)
	}

	var goal aegis.Goal
	answer := request{
		route: "POST /v1/agents/night-shift/execute", token: srv.Token,
		body: `{"intent":"add 2 nodes","risk_tolerance":"high","budget":{"usd_month":500},"constraints":["no downtime"]}`,
	}.do(t, srv.URL)
	require.Equal(t, 202, answer.status)
	answer.into(t, &goal)
	require.Equal(t, "night-shift", goal.Agent)
	require.Equal(t, aegis.RiskLow, goal.RiskTolerance)
	require.InDelta(t, 50, *goal.Budget.USDMonth, 0)
	require.Contains(t, goal.Constraints, "only in eu-west-1")
	require.Contains(t, goal.Constraints, "don't touch the security layer")
	require.Contains(t, goal.Constraints, "no deletions")
	require.Equal(t, "no downtime", goal.Constraints[0])
	kept, err := store.Goal(t.Context(), goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, "night-shift", kept.Agent)
}

func TestAgentsThatCantBe(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	post := func(body string) answer {
		return request{route: "POST /v1/agents", token: srv.Token, body: body}.do(t, srv.URL)
	}
	for body, field := range map[string]string{
		`{}`:                  "name",
		`{"name":"A"}`:        "name",
		`{"name":"planner"}`:  "name",
		`{"name":"a b"}`:      "name",
		`{"name":"ok","x":1}`: "x",
		`{"name":"ok","envelope":{"regions":["mars-1"]}}`:         "envelope.regions.0",
		`{"name":"ok","envelope":{"layers":["attic"]}}`:           "envelope.layers",
		`{"name":"ok","envelope":{"memories":["nobody"]}}`:        "envelope.memories.0",
		`{"name":"ok","envelope":{"risk_tolerance":"none"}}`:      "envelope.risk_tolerance",
		`{"name":"ok","envelope":{"budget":{"usd_month":-1}}}`:    "envelope.budget.usd_month",
		`{"name":"ok","role":"` + strings.Repeat("a", 201) + `"}`: "role",
		`{"name":"ok","role":"a\u0007b"}`:                         "role",
		`{"name":"` + strings.Repeat("a", 41) + `"}`:              "name",
		`{"name":"ok","envelope":{"regions":"eu-west-1"}}`:        "envelope.regions",
	} {
		got := post(body)
		require.Equal(t, 422, got.status, "%s: %s", body, got.body)
		require.Contains(t, got.body, field, body)
	}
	require.Equal(t, 201, post(`{"name":"one"}`).status)
	post(`{"name":"one"}`).problem(t, 409, "conflict")
	request{route: "POST /v1/agents/nobody/execute", token: srv.Token, body: `{"intent":"add 2 nodes"}`}.do(t, srv.URL).problem(t, 404, "not_found")
	require.Equal(t, 422, request{route: "POST /v1/agents/one/execute", token: srv.Token, body: `{"intent":""}`}.do(t, srv.URL).status)
}

// An agent's own token has itself carry out goals, within its envelope, and no other; one
// whose maker may not operate any more carries out none.
func TestAnAgentActsAsItself(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	token := store.Grant(t, aegis.RoleAgent)
	for _, name := range []string{"agent", "other"} {
		body := `{"name":"` + name + `","envelope":{"regions":["eu-west-1"]}}`
		require.Equal(t, 201, request{route: "POST /v1/agents", token: srv.Token, body: body}.do(t, srv.URL).status)
	}
	require.NoError(t, store.CreateAgent(t.Context(), aegis.Agent{AgentID: "agt-9", Name: "orphan", CreatedBy: "nobody"}))
	execute := func(name, token string) answer {
		return request{route: "POST /v1/agents/" + name + "/execute", token: token, body: `{"intent":"add 2 nodes"}`}.do(t, srv.URL)
	}
	var goal aegis.Goal
	mine := execute("agent", token)
	require.Equal(t, 202, mine.status, mine.body)
	mine.into(t, &goal)
	require.Equal(t, "agent", goal.Agent)
	require.Equal(t, []string{"only in eu-west-1"}, goal.Constraints)
	for _, other := range []string{"other", "planner", "orphan"} {
		execute(other, token).problem(t, 403, "forbidden")
	}
	execute("orphan", srv.Token).problem(t, 403, "forbidden")
	request{route: "POST /v1/goals", token: token, body: `{"intent":"add 2 nodes"}`}.do(t, srv.URL).problem(t, 403, "forbidden")
	require.Equal(t, 403, request{route: "POST /v1/goals/" + goal.GoalID + "/cancel", token: token}.do(t, srv.URL).status)
}
