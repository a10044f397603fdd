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
