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

func driftReport(id, stackID, group string, state aegis.DriftState) aegis.DriftReport {
	return aegis.DriftReport{
		DriftReportID: id, StackID: stackID, Kind: aegis.DriftChanged, State: state, DetectedAt: time.Unix(1772366400, 0).UTC(),
		Cause:   aegis.DriftCause{Kind: aegis.CauseEvent, Group: group, Actor: &aegis.CloudActor{Principal: "ann"}},
		Changes: []aegis.DriftChange{{Address: "a", Attribute: "ingress", Before: []any{}, After: nil, Decision: aegis.CorrectDrift}},
	}
}

func TestDriftReports(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	store.PutDriftReport(driftReport("drift-1", "a", "g1", aegis.DriftCorrected))
	store.PutDriftReport(driftReport("drift-2", "b", "g1", aegis.DriftOpen))
	store.PutDriftReport(driftReport("drift-3", "a", "g2", aegis.DriftOpen))
	list := func(query string) []string {
		var found api.List[aegis.DriftReport]
		request{route: "GET /v1/drift-reports" + query, token: srv.Token}.do(t, srv.URL).into(t, &found)
		ids := []string{}
		for _, r := range found.Items {
			ids = append(ids, r.DriftReportID)
		}
		return ids
	}
	require.Equal(t, []string{"drift-3", "drift-2", "drift-1"}, list(""))
	require.Equal(t, []string{"drift-3"}, list("?stack_id=a&state=open&kind=changed"))
	require.Equal(t, []string{"drift-2", "drift-1"}, list("?group=g1"))
	require.Equal(t, []string{"drift-3"}, list("?limit=1"))
	require.Empty(t, list("?stack_id=none"))

	var groups api.List[aegis.DriftGroup]
	request{route: "GET /v1/drift-reports?group_by=cause&group=g1", token: srv.Token}.do(t, srv.URL).into(t, &groups)
	require.Len(t, groups.Items, 1)
	require.Equal(t, 2, groups.Items[0].Reports)
	require.Equal(t, 1, groups.Items[0].Open)
	require.Equal(t, []string{"a", "b"}, groups.Items[0].StackIDs)

	one := request{route: "GET /v1/drift-reports/drift-2", token: srv.Token}.do(t, srv.URL)
	require.Equal(t, http.StatusOK, one.status)
	require.Contains(t, one.body, `"after":null`, "nothing is not left out")
	request{route: "GET /v1/drift-reports/drift-9", token: srv.Token}.do(t, srv.URL).problem(t, 404, "not_found")
	request{route: "GET /v1/drift-reports?state=odd", token: srv.Token}.do(t, srv.URL).problem(t, 422, "invalid")
	request{route: "GET /v1/drift-reports?group_by=stack", token: srv.Token}.do(t, srv.URL).problem(t, 422, "invalid")
}

func TestTakeEvents(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	got := request{route: "POST /v1/events", token: srv.Token, body: `{"Records":[]}`}.do(t, srv.URL)
	require.Equal(t, http.StatusAccepted, got.status, got.body)
	require.JSONEq(t, `{"accepted":1,"duplicate":0,"ignored":0,"malformed":0}`, got.body)
	request{route: "POST /v1/events", token: srv.Token, body: `7`}.do(t, srv.URL).problem(t, 422, "invalid")
	request{route: "POST /v1/events", token: srv.Token, body: `{"x":"` + strings.Repeat("x", 1<<20) + `"}`}.do(t, srv.URL).problem(t, 413, "too_large")
	request{route: "POST /v1/events", token: store.Grant(t, aegis.RoleViewer), body: `{}`}.do(t, srv.URL).problem(t, 403, "forbidden")
	request{route: "POST /v1/events", token: store.Grant(t, aegis.RoleAgent), body: `{}`}.do(t, srv.URL).problem(t, 403, "forbidden")
}

func TestDriftRules(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	require.NoError(t, store.UpsertStack(t.Context(), aegis.Stack{StackID: "a"}))
	store.PutDriftReport(driftReport("drift-1", "a", "g1", aegis.DriftOpen))
	add := func(body string) answer {
		return request{route: "POST /v1/drift/rules", token: srv.Token, body: body}.do(t, srv.URL)
	}

	var made api.List[aegis.DriftRule]
	got := add(`{"stack_id":"a","address":"aws_autoscaling_group","attribute":"desired_capacity","reason":"scaled by others"}`)
	require.Equal(t, http.StatusCreated, got.status, got.body)
	got.into(t, &made)
	require.Equal(t, "aws_autoscaling_group", made.Items[0].Address)
	require.Equal(t, "desired_capacity", made.Items[0].Attribute)
	require.NotEmpty(t, made.Items[0].CreatedBy)
	got = add(`{"drift_report_id":"drift-1"}`)
	require.Equal(t, http.StatusCreated, got.status, got.body)

	var listed api.List[aegis.DriftRule]
	request{route: "GET /v1/drift/rules?stack_id=a&limit=1", token: srv.Token}.do(t, srv.URL).into(t, &listed)
	require.Len(t, listed.Items, 1)
	require.Equal(t, "ingress", listed.Items[0].Attribute)
	require.NotEmpty(t, listed.NextCursor)

	gone := request{route: "DELETE /v1/drift/rules/" + listed.Items[0].RuleID, token: srv.Token}.do(t, srv.URL)
	require.Equal(t, http.StatusNoContent, gone.status)
	request{route: "DELETE /v1/drift/rules/" + listed.Items[0].RuleID, token: srv.Token}.do(t, srv.URL).problem(t, 404, "not_found")

	for _, body := range []string{
		`{"address":"*"}`, `{"stack_id":"a"}`, `{"stack_id":"a","drift_report_id":"drift-1","address":"x"}`,
		`{"stack_id":"a","address":"x","attribute":"["}`, `{"stack_id":"a","address":"x\u0000"}`, `{"stack_id":"a","address":"x","reason":"\u001b"}`,
		`{"stack_id":"a","address":"x","expires_at":"2001-01-01T00:00:00Z"}`, `{"stack_id":"a","address":"x","more":1}`,
	} {
		require.Equal(t, http.StatusUnprocessableEntity, add(body).status, body)
	}
	add(`{"stack_id":"none","address":"x"}`).problem(t, 404, "not_found")
	add(`{"drift_report_id":"none"}`).problem(t, 404, "not_found")
}

func TestDriftSuggestions(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	store.Suggest(aegis.DriftSuggestion{SuggestionID: "sug-1", Kind: aegis.SuggestedLeft, StackID: "a", Address: "web", Attribute: "tags", Times: 3})
	store.Suggest(aegis.DriftSuggestion{SuggestionID: "sug-2", StackID: "b"})
	var found api.List[aegis.DriftSuggestion]
	request{route: "GET /v1/drift/suggestions?stack_id=a", token: srv.Token}.do(t, srv.URL).into(t, &found)
	require.Len(t, found.Items, 1)
	require.Equal(t, 3, found.Items[0].Times)
	var rule aegis.DriftRule
	got := request{route: "POST /v1/drift/suggestions/sug-1/accept", token: srv.Token}.do(t, srv.URL)
	require.Equal(t, http.StatusCreated, got.status, got.body)
	got.into(t, &rule)
	require.Equal(t, "sug-1", rule.SuggestionID)
	request{route: "POST /v1/drift/suggestions/none/accept", token: srv.Token, body: `{"reason":"x"}`}.do(t, srv.URL).problem(t, 404, "not_found")
	request{route: "POST /v1/drift/suggestions/sug-1/accept", token: srv.Token, body: `{"expires_at":"2001-01-01T00:00:00Z"}`}.do(t, srv.URL).problem(t, 422, "invalid")
}

func TestAdoptDrift(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	gone := driftReport("drift-2", "a", "g", aegis.DriftOpen)
	gone.Kind = aegis.DriftDeleted
	store.PutDriftReport(driftReport("drift-1", "a", "g", aegis.DriftOpen))
	store.PutDriftReport(gone)
	var cs aegis.AutonomousChangeSet
	got := request{route: "POST /v1/drift/adoptions", token: srv.Token, body: `{"drift_report_id":"drift-1"}`}.do(t, srv.URL)
	require.Equal(t, http.StatusAccepted, got.status, got.body)
	got.into(t, &cs)
	require.Equal(t, "/v1/change-sets/"+cs.ChangeSetID, got.header.Get("Location"))
	require.Equal(t, []string{"a"}, cs.Target.Addresses)
	request{route: "POST /v1/drift/adoptions", token: srv.Token, body: `{"drift_report_id":"drift-2"}`}.do(t, srv.URL).problem(t, 422, "invalid")
	request{route: "POST /v1/drift/adoptions", token: srv.Token, body: `{"drift_report_id":"drift-9"}`}.do(t, srv.URL).problem(t, 404, "not_found")
}

func TestClosingTheBreakerOfAnAttributeLooksAgain(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	require.NoError(t, store.UpsertStack(t.Context(), aegis.Stack{StackID: "a", Region: "eu-west-1"}))
	for _, stack := range []string{"a", "gone"} {
		b, err := store.OpenBreaker(t.Context(), aegis.Breaker{
			BreakerID: "brk-" + stack, Scope: aegis.BreakerAttribute, Key: aegis.AttributeKey(stack, "web", "ingress"), Open: true,
		})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, request{route: "POST /v1/breakers/" + b.BreakerID + "/close", token: srv.Token}.do(t, srv.URL).status)
	}
	require.Equal(t, []string{"a", "region eu-west-1"}, store.Reconciles())
}
