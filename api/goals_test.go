package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestGoals(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	created := request{
		route: "POST /v1/goals", token: srv.Token,
		body: `{"intent":" double the events stream ","budget":{"usd_month":5},"constraints":["only eu-west-1"],"risk_tolerance":"low"}`,
	}.do(t, srv.URL)
	require.Equal(t, http.StatusAccepted, created.status, created.body)
	var goal aegis.Goal
	created.into(t, &goal)
	require.Equal(t, "double the events stream", goal.Intent)
	require.Equal(t, aegis.GoalAccepted, goal.State)
	require.Equal(t, "admin", goal.Submitter)
	require.InDelta(t, 5, *goal.Budget.USDMonth, 0)
	require.NotEmpty(t, goal.TraceID)
	require.Equal(t, "/v1/goals/"+goal.GoalID, created.header.Get("Location"))

	read := request{route: "GET /v1/goals/" + goal.GoalID, token: srv.Token}.do(t, srv.URL)
	require.Equal(t, created.body, read.body)
	request{route: "GET /v1/goals/goal-none", token: srv.Token}.do(t, srv.URL).problem(t, http.StatusNotFound, "not_found")
}

func TestGoalsPage(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	for range 3 {
		require.Equal(t, http.StatusAccepted, request{route: "POST /v1/goals", token: srv.Token, body: `{"intent":"x","again":true}`}.do(t, srv.URL).status)
	}
	var first, second api.List[aegis.Goal]
	request{route: "GET /v1/goals?limit=2", token: srv.Token}.do(t, srv.URL).into(t, &first)
	require.Len(t, first.Items, 2)
	require.NotEmpty(t, first.NextCursor)
	request{route: "GET /v1/goals?limit=2&cursor=" + first.NextCursor, token: srv.Token}.do(t, srv.URL).into(t, &second)
	require.Len(t, second.Items, 1)
	require.Empty(t, second.NextCursor)
}

func TestGoalFaultsNameTheirField(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	past := time.Now().Add(-time.Hour).Format(time.RFC3339)
	for body, field := range map[string]string{
		`{}`:                                                 "body",
		`{"intent":""}`:                                      "intent",
		`{"intent":"   "}`:                                   "intent",
		`{"intent":"a\r\nb"}`:                                "intent",
		`{"intent":4}`:                                       "intent",
		`{"intent":"` + long(1001) + `"}`:                    "intent",
		`{"intent":"x","unknown":1}`:                         "unknown",
		`{"intent":"x","goal_id":"g"}`:                       "goal_id",
		`{"intent":"x","budget":{"usd_month":-1}}`:           "budget.usd_month",
		`{"intent":"x","budget":{"usd_month":"1"}}`:          "budget.usd_month",
		`{"intent":"x","budget":{"eur":1}}`:                  "budget.eur",
		`{"intent":"x","deadline":"` + past + `"}`:           "deadline",
		`{"intent":"x","deadline":"tomorrow"}`:               "deadline",
		`{"intent":"x","risk_tolerance":"reckless"}`:         "risk_tolerance",
		`{"intent":"x","constraints":"one"}`:                 "constraints",
		`{"intent":"x","constraints":["` + long(201) + `"]}`: "constraints[0]",
		`{"intent":"x","domains":["../etc"]}`:                "domains[0]",
		`{"intent":"x","depends_on":["goal-none"]}`:          "depends_on.0",
		`{"intent":"x","depends_on":["a b"]}`:                "depends_on[0]",
		`{"intent":"x","priority":"now"}`:                    "priority",
		`[]`:                                                 "body",
		`null`:                                               "body",
		`"x"`:                                                "body",
	} {
		p := request{route: "POST /v1/goals", token: srv.Token, body: body}.do(t, srv.URL).problem(t, http.StatusUnprocessableEntity, "invalid")
		require.NotEmpty(t, p.Errors, body)
		require.Equal(t, field, p.Errors[0].Field, body)
	}
	goals, _, err := srv.Goals(t.Context(), aegis.Page{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, goals)
}

// What is asked twice is one goal while that is open, whoever asks, unless it is
// asked again on purpose.
func TestEqualGoalsAreOne(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	ask := func(body string) (goal aegis.Goal) {
		answer := request{route: "POST /v1/goals", token: srv.Token, body: body}.do(t, srv.URL)
		require.Equal(t, http.StatusAccepted, answer.status, answer.body)
		answer.into(t, &goal)
		return goal
	}
	first := ask(`{"intent":"add 2 nodes"}`)
	require.Equal(t, first.GoalID, ask(`{"intent":"Add 2  nodes ","priority":"high"}`).GoalID)
	require.NotEqual(t, first.GoalID, ask(`{"intent":"add 2 nodes","constraints":["not in us-east-1"]}`).GoalID)
	require.NotEqual(t, first.GoalID, ask(`{"intent":"add 2 nodes","again":true}`).GoalID)
	after := ask(`{"intent":"add 2 nodes","depends_on":["` + first.GoalID + `"],"priority":"low"}`)
	require.Equal(t, []string{first.GoalID}, after.DependsOn)
	first.State = aegis.GoalSucceeded
	require.NoError(t, store.UpdateGoal(t.Context(), first))
	require.NotEqual(t, first.GoalID, ask(`{"intent":"add 2 nodes"}`).GoalID)
}

func TestGoalSteps(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	require.NoError(t, store.CreateGoal(t.Context(), aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "x"}}, ""))
	for n := 1; n <= 3; n++ {
		store.PutAgentStep(aegis.AgentStep{GoalID: "goal-1", Number: n, Tool: "list_stacks", Model: "m"})
	}
	var list api.List[aegis.AgentStep]
	request{route: "GET /v1/goals/goal-1/steps?limit=2", token: srv.Token}.do(t, srv.URL).into(t, &list)
	require.Len(t, list.Items, 2)
	request{route: "GET /v1/goals/goal-1/steps?limit=2&cursor=" + list.NextCursor, token: srv.Token}.do(t, srv.URL).into(t, &list)
	require.Len(t, list.Items, 1)
	require.Equal(t, 3, list.Items[0].Number)
	request{route: "GET /v1/goals/goal-none/steps", token: srv.Token}.do(t, srv.URL).problem(t, http.StatusNotFound, "not_found")
}

func long(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a'
	}
	return string(b)
}

func TestCancelGoalStopsItsChangeSets(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	require.NoError(t, store.CreateGoal(t.Context(), aegis.Goal{
		GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "x"}, State: aegis.GoalRunning, ChangeSetIDs: []string{"cs-1", "cs-2"},
	}, ""))
	store.PutChangeSet(aegis.AutonomousChangeSet{ChangeSetID: "cs-1", GoalID: "goal-1", PromotionState: aegis.StatePromoted})
	store.PutChangeSet(aegis.AutonomousChangeSet{ChangeSetID: "cs-2", GoalID: "goal-1", PromotionState: aegis.StateCanary})

	got := request{route: "POST /v1/goals/goal-1/cancel", token: srv.Token}.do(t, srv.URL)
	require.Equal(t, http.StatusAccepted, got.status, got.body)
	var goal aegis.Goal
	got.into(t, &goal)
	require.Equal(t, aegis.GoalCancelled, goal.State)
	cs, err := store.ChangeSet(t.Context(), "cs-2")
	require.NoError(t, err)
	require.Equal(t, aegis.StateCancelled, cs.PromotionState)
}
