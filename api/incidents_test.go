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

func TestIncidents(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	for id, severity := range map[string]aegis.Severity{"inc-1": aegis.SeverityLow, "inc-2": aegis.SeverityCritical} {
		store.PutIncident(aegis.SecurityIncident{
			IncidentID: id, State: aegis.IncidentOpen, Severity: severity, OpenedAt: time.Now(), BlastRadius: aegis.BlastRadius{StackIDs: []string{id + "-stack"}},
		})
	}
	list := func(query string) (ids []string) {
		var out api.List[aegis.SecurityIncident]
		request{route: "GET /v1/incidents" + query, token: srv.Token}.do(t, srv.URL).into(t, &out)
		for _, i := range out.Items {
			ids = append(ids, i.IncidentID)
		}
		return ids
	}
	require.ElementsMatch(t, []string{"inc-1", "inc-2"}, list(""))
	require.Equal(t, []string{"inc-2"}, list("?severity=high&state=open"))
	require.Equal(t, []string{"inc-1"}, list("?stack_id=inc-1-stack"))
	require.Empty(t, list("?state=closed"))
	one := request{route: "GET /v1/incidents/inc-1", token: srv.Token}.do(t, srv.URL)
	require.Equal(t, http.StatusOK, one.status)
	require.Contains(t, one.body, `"signal_set":[]`, "nothing is an empty list")
	require.Contains(t, one.body, `"auto_actions":[]`)
	request{route: "GET /v1/incidents/inc-9", token: srv.Token}.do(t, srv.URL).problem(t, 404, "not_found")
	request{route: "GET /v1/incidents?severity=huge", token: srv.Token}.do(t, srv.URL).problem(t, 422, "invalid")

	got := request{route: "POST /v1/findings", token: srv.Token, body: `{"Findings":[]}`}.do(t, srv.URL)
	require.Equal(t, http.StatusAccepted, got.status, got.body)
	require.JSONEq(t, `{"accepted":1,"duplicate":0,"ignored":0,"malformed":0,"incident_ids":[]}`, got.body)
	request{route: "POST /v1/findings", token: srv.Token, body: `7`}.do(t, srv.URL).problem(t, 422, "invalid")
	request{route: "POST /v1/findings", token: store.Grant(t, aegis.RoleSubmitter), body: `{}`}.do(t, srv.URL).problem(t, 403, "forbidden")
}

func TestWithoutIncidents(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Incidents, c.Findings = nil, nil })
	for _, route := range []string{"GET /v1/incidents", "GET /v1/incidents/inc-1", "POST /v1/findings"} {
		request{route: route, token: srv.Token, body: `{}`}.do(t, srv.URL).problem(t, 501, "not_implemented")
	}
}
