package apitest

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
)

// Regions are those of the estate that Serve serves.
func Regions() []string { return []string{"us-east-1", "eu-west-1", "ap-southeast-1"} }

// Server is a running API over a Store.
type Server struct {
	*Store

	URL string
	// Token is an admin's.
	Token string
}

// Config returns the API's configuration over a store.
func (s *Store) Config() api.Config {
	return api.Config{
		Goals: s, Steps: s, ChangeSets: s, Stacks: s, Envelope: s, Decisions: s, Traces: s, Events: s, Auth: s, Requests: s,
		Health: s, Door: s, Queue: s, Workspaces: s, Simulator: s, Previewer: s, Explainer: s, Bundles: s, Drift: s, Intake: s, DriftRules: Rulebook{s}, Adopter: s, Incidents: s, Findings: s,
		Agents: s, Memory: s, Models: s, Tools: s,
		Registry: s, Webhooks: s, Deliveries: s, Regions: Regions(), Version: "v0.0.0-test", Now: func() time.Time { return s.Now() },
		Heartbeat: time.Minute,
		Intents: []api.Intent{{
			Name: "runtime.scale", Layer: aegis.LayerRuntime, Summary: "Set the number of runtime nodes",
			Examples: []string{"scale the runtime in eu-west-1 to 4 nodes"},
		}},
	}
}

// Serve starts the API on a loopback port until the test ends. Each edit may
// change the configuration.
func Serve(tb testing.TB, store *Store, edits ...func(*api.Config)) *Server {
	tb.Helper()
	config := store.Config()
	for _, edit := range edits {
		edit(&config)
	}
	srv := httptest.NewServer(api.New(config))
	tb.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return &Server{Store: store, URL: srv.URL, Token: store.Grant(tb, aegis.RoleAdmin)}
}

// Grant makes a token of a role.
func (s *Store) Grant(tb testing.TB, role aegis.Role) string {
	tb.Helper()
	secret, sum := api.NewSecret()
	token := aegis.Token{TokenID: aegis.NewID(aegis.TokenPrefix, s.Now()), Name: string(role), Role: role, CreatedAt: s.Now()}
	require.NoError(tb, s.CreateToken(tb.Context(), token, sum))
	return secret
}
