package api_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

const simulateRoute = "POST /v1/policies/simulate"

func TestSimulate(t *testing.T) {
	t.Parallel()

	t.Run("passes on what the contract names and answers the report", func(t *testing.T) {
		t.Parallel()
		store := apitest.NewStore()
		srv := apitest.Serve(t, store)
		store.PutSimulation(aegis.Simulation{Evaluated: 3, NewlyDenied: []aegis.SimulatedFlip{{ChangeSetID: "cs-1", StackID: "a.b.c", Codes: []string{"pace"}}}})
		var got map[string]any
		request{route: simulateRoute, token: srv.Token, body: `{"modules":{"acme/pace.rego":"package aegis.gate"},"data":{"acme":{"n":1}},"since":"24h",
			"change_set_ids":["cs-1"],"diff":[{"address":"a","type":"aws_vpc","region":"eu-west-1","action":"create","before":null,
			"after":{"x":1},"unknown":[],"sensitive":null}],"goal":{"intent":"scale the runtime to 4 nodes"}}`}.do(t, srv.URL).into(t, &got)
		require.EqualValues(t, 3, got["evaluated"])
		flip, ok := got["newly_denied"].([]any)[0].(map[string]any)
		require.True(t, ok)
		require.Equal(t, "cs-1", flip["change_set_id"])
		for _, list := range []string{"newly_allowed", "by_rule", "by_stack", "by_type", "errors", "notes", "hypothetical"} {
			require.Equal(t, []any{}, got[list], list)
		}
		sent := store.Simulated()[0]
		require.Equal(t, "package aegis.gate", sent.Modules["acme/pace.rego"])
		require.Equal(t, "24h", sent.Since)
		require.Equal(t, []string{"cs-1"}, sent.ChangeSetIDs)
		require.Equal(t, aegis.ActionCreate, sent.Diff[0].Action)
		require.Equal(t, "scale the runtime to 4 nodes", sent.Goal.Intent)
	})

	t.Run("takes a bundle in base64, larger than other bodies", func(t *testing.T) {
		t.Parallel()
		store := apitest.NewStore()
		srv := apitest.Serve(t, store)
		bundle := strings.Repeat("x", 2<<20)
		answer := request{route: simulateRoute, token: srv.Token, body: `{"bundle":"` + base64.StdEncoding.EncodeToString([]byte(bundle)) + `"}`}.do(t, srv.URL)
		require.Equal(t, http.StatusOK, answer.status, answer.body)
		require.Equal(t, bundle, string(store.Simulated()[0].Bundle))
	})

	t.Run("refuses a body without bound", func(t *testing.T) {
		t.Parallel()
		srv := apitest.Serve(t, apitest.NewStore())
		request{route: simulateRoute, token: srv.Token, body: `{"bundle":"` + strings.Repeat("A", 17<<20) + `"}`}.do(t, srv.URL).
			problem(t, http.StatusRequestEntityTooLarge, "too_large")
	})

	t.Run("tells where Rego is at fault", func(t *testing.T) {
		t.Parallel()
		store := apitest.NewStore()
		srv := apitest.Serve(t, store, func(c *api.Config) {
			c.Simulator = simulatorFunc(func(context.Context) error {
				return aegis.Invalid("modules", "acme/pace.rego:3:1: rego_parse_error: unexpected eof token")
			})
		})
		p := request{route: simulateRoute, token: srv.Token, body: `{"modules":{"a.rego":""}}`}.do(t, srv.URL).
			problem(t, http.StatusUnprocessableEntity, "invalid")
		require.Equal(t, "modules", p.Errors[0].Field)
		require.Contains(t, p.Errors[0].Message, "acme/pace.rego:3:1")
	})

	t.Run("gives no half a report when time is up", func(t *testing.T) {
		t.Parallel()
		srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) {
			c.SimulateTimeout = time.Millisecond
			c.Simulator = simulatorFunc(func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
		})
		p := request{route: simulateRoute, token: srv.Token, body: `{"modules":{"a.rego":""}}`}.do(t, srv.URL).
			problem(t, http.StatusServiceUnavailable, "timeout")
		require.Contains(t, p.Detail, "since")
	})
}

type simulatorFunc func(context.Context) error

func (f simulatorFunc) Simulate(ctx context.Context, _ aegis.SimulationRequest) (aegis.Simulation, error) {
	return aegis.Simulation{}, f(ctx)
}

func FuzzSimulate(f *testing.F) {
	store := apitest.NewStore()
	handler, token := api.New(store.Config()), store.Grant(f, aegis.RoleOperator)
	for _, seed := range []string{
		`{"modules":{"a.rego":"package x"}}`, `{"modules":{"../../etc/x":""}}`, `{"bundle":"AAAA","since":"720h"}`, `{"bundle":"!"}`,
		`{"modules":null,"data":[]}`, `{"since":-1}`, `{"diff":[{}]}`, `{"diff":[{"address":"a","type":"b","action":"create","before":{"a":{"a":{}}}}]}`,
		`{"goal":{"intent":"\u0000"}}`, `{"goal":null,"live":true}`, `{"change_set_ids":["a b"]}`, `[[[[`, "\xff", `{"data":{"a":1e999}}`, `{"LIVE":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		requireOrderly(t, send(t, handler, token, http.MethodPost, "/v1/policies/simulate", body), http.StatusOK)
	})
}
