package engine

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func ask(t *testing.T, url, token string) (int, map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	answer := map[string]string{}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	return res.StatusCode, answer
}

func TestProcessesGetTheirOwnKeysOnly(t *testing.T) {
	t.Parallel()
	s, err := serveCredentials(func(_ context.Context, run aegis.StackRun) (aegis.Credentials, error) {
		return aegis.Credentials{AccessKeyID: "id of " + run.Stack.StackID, Expires: time.Unix(0, 0)}, nil
	}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer s.Close()
	a := s.grant(aegis.StackRun{Stack: aegis.Stack{StackID: "a"}})
	b := s.grant(aegis.StackRun{Stack: aegis.Stack{StackID: "b"}})

	status, answer := ask(t, a.url, a.token)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "id of a", answer["AccessKeyId"])
	require.Equal(t, "1970-01-01T00:00:00Z", answer["Expiration"])
	status, answer = ask(t, a.url, b.token)
	require.Equal(t, http.StatusForbidden, status)
	require.NotContains(t, answer, "AccessKeyId")
	s.revoke(a)
	status, _ = ask(t, a.url, a.token)
	require.Equal(t, http.StatusForbidden, status)
}

func TestScopeSharesReadersOnly(t *testing.T) {
	t.Parallel()
	run := aegis.StackRun{Stack: aegis.Stack{StackID: "a", Region: "eu-west-1"}, ChangeSetID: "cs-1"}
	other := run
	other.ChangeSetID, other.Stack.StackID = "cs-2", "b"
	require.Equal(t, scope(run), scope(other))
	other.Stack.Region = "us-east-1"
	require.NotEqual(t, scope(run), scope(other))

	run.Policy = &aegis.ExecutionPolicy{}
	other = run
	require.Equal(t, scope(run), scope(other))
	other.ChangeSetID = "cs-2"
	require.NotEqual(t, scope(run), scope(other), "a change set has its own session")
	other = run
	other.Policy = &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Services: []string{"ec2"}}}
	require.NotEqual(t, scope(run), scope(other))
}

func TestProviderProcessesAreEndedAndBounded(t *testing.T) {
	t.Parallel()
	cfg := Config{
		AWSPlugin: "testdata/plugin.sh", WorkDir: t.TempDir(), MaxProviders: 1, ProviderIdle: time.Hour,
		Logger: slog.New(slog.DiscardHandler),
	}
	s, err := serveCredentials(nil, cfg.Logger)
	require.NoError(t, err)
	defer s.Close()
	cfg.AWSPlugin = pluginScript(t)
	pool := newProviderPool(cfg, s)
	run := aegis.StackRun{Stack: aegis.Stack{Region: "eu-west-1"}}
	a, err := pool.checkout(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, 4711, a.port)
	b, err := pool.checkout(t.Context(), run)
	require.NoError(t, err)
	require.NotEqual(t, a.pid, b.pid, "a busy process serves nobody else")
	pool.checkin(a, true)
	again, err := pool.checkout(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, a.pid, again.pid, "an idle one is used again")
	pool.checkin(again, true)
	pool.checkin(b, true)
	require.False(t, a.alive(), "the least recently used one is ended")
	require.True(t, b.alive())

	killGroup(b.pid)
	<-b.gone
	c, err := pool.checkout(t.Context(), run)
	require.NoError(t, err)
	require.NotEqual(t, b.pid, c.pid, "a dead one is replaced")
	pool.checkin(c, false)
	require.False(t, c.alive(), "one that failed is ended")
	pool.Close()
	require.Empty(t, s.runs, "no grant is left")
}
