package api_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

// open begins to read a stream that ends with the test.
func open(t *testing.T, srv *apitest.Server, path, lastID string) *bufio.Scanner {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+srv.Token)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	return bufio.NewScanner(res.Body)
}

// next returns the next line with a prefix, without it.
func next(t *testing.T, lines *bufio.Scanner, prefix string) string {
	t.Helper()
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
			return rest
		}
	}
	require.FailNow(t, "the stream ended", "before a line %q", prefix)
	return ""
}

func putGoal(t *testing.T, store *apitest.Store, id string, state aegis.GoalState) {
	t.Helper()
	require.NoError(t, store.UpdateGoal(t.Context(), aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: id}, State: state}))
}

func TestGoalEventsStream(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	putGoal(t, store, "goal-1", aegis.GoalAccepted)
	putGoal(t, store, "goal-2", aegis.GoalAccepted)

	lines := open(t, srv, "/v1/goals/goal-1/events", "")
	require.Equal(t, "1", next(t, lines, "id: "))
	require.Equal(t, "goal.accepted", next(t, lines, "event: "))
	require.Contains(t, next(t, lines, "data: "), `"goal-1"`)
	putGoal(t, store, "goal-1", aegis.GoalRunning)
	require.Equal(t, "3", next(t, lines, "id: "))
	require.Equal(t, "goal.running", next(t, lines, "event: "))
}

func TestStreamsResume(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	for range 450 {
		putGoal(t, store, "goal-1", aegis.GoalRunning)
	}
	require.Equal(t, "449", next(t, open(t, srv, "/v1/events/stream", "448"), "id: "))
	require.Equal(t, "450", next(t, open(t, srv, "/v1/events/stream?after=449", ""), "id: "))
	lines := open(t, srv, "/v1/events/stream", "")
	for range 449 {
		next(t, lines, "id: ")
	}
	require.Equal(t, "450", next(t, lines, "id: "))
}

func TestIdleStreamsBeat(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Heartbeat = time.Millisecond })
	lines := open(t, srv, "/v1/events/stream", "")
	require.Equal(t, "alive", next(t, lines, ": "))
	require.Equal(t, "alive", next(t, lines, ": "))
}

func TestStreamsRefuse(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	request{route: "GET /v1/goals/goal-none/events", token: srv.Token}.do(t, srv.URL).problem(t, http.StatusNotFound, "not_found")
	for _, id := range []string{"x", "-1", "99999999999999999999"} {
		request{
			route: "GET /v1/events/stream", token: srv.Token, header: map[string]string{"Last-Event-ID": id},
		}.do(t, srv.URL).problem(t, http.StatusUnprocessableEntity, "invalid")
	}
}

func TestStreamsEndWithTheirToken(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store, func(c *api.Config) { c.Heartbeat = time.Millisecond })
	lines := open(t, srv, "/v1/events/stream", "")
	next(t, lines, ": ")
	tokens, err := store.Tokens(t.Context())
	require.NoError(t, err)
	require.NoError(t, store.RevokeToken(t.Context(), tokens[0].TokenID))
	for lines.Scan() { // ends
		require.NotContains(t, lines.Text(), "data")
	}
	require.NoError(t, lines.Err())
}
