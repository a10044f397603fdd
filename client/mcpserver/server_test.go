package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/client/mcpserver"
)

// served is the API with its tools in front.
func served(t *testing.T) (*apitest.Store, string) {
	t.Helper()
	store := apitest.NewStore()
	require.NoError(t, store.Sample(t.Context()))
	srv := httptest.NewServer(mcpserver.Handler(api.New(store.Config()), "v0.0.0-test"))
	t.Cleanup(srv.Close)
	return store, srv.URL
}

// bearer adds a token to each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// connect connects the official client.
func connect(t *testing.T, url, token string, options *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, options)
	session, err := c.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: bearer(token)}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() }) // the server keeps nothing
	return session
}

// call calls a tool that must succeed, and decodes its result.
func call[T any](t *testing.T, s *mcp.ClientSession, name string, arguments any) (out T) {
	t.Helper()
	result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
	require.NoError(t, err)
	require.False(t, result.IsError, text(result))
	require.NoError(t, json.Unmarshal([]byte(text(result)), &out))
	return out
}

func text(result *mcp.CallToolResult) string {
	content, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		return ""
	}
	return content.Text
}

func TestEachRoleHasItsTools(t *testing.T) {
	t.Parallel()
	looks := []string{
		"explain_decision", "get_change_set", "get_drift_report", "get_goal", "get_incident", "get_stack", "get_stack_drift", "get_trace", "list_change_sets",
		"list_decisions", "list_drift_reports", "list_goals", "list_incidents", "list_intents", "list_limits", "list_policy_bundles", "list_stacks", "wait_for_goal",
	}
	submits := append(slices.Clone(looks), "cancel_goal", "preview_goal", "submit_goal")
	steers := append(slices.Clone(submits), "cancel_change_set", "look_at_stack", "roll_back_change_set", "simulate")
	for role, want := range map[aegis.Role][]string{
		aegis.RoleViewer: looks, aegis.RoleAgent: append(slices.Clone(looks), "submit_goal"), aegis.RoleSubmitter: submits, aegis.RoleOperator: steers, aegis.RoleAdmin: steers,
	} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			store, url := served(t)
			session := connect(t, url, store.Grant(t, role), nil)
			list, err := session.ListTools(t.Context(), nil)
			require.NoError(t, err)
			var names []string
			for _, tool := range list.Tools {
				names = append(names, tool.Name)
				require.NotEmpty(t, tool.Description)
				require.Equal(t, slices.Contains(looks, tool.Name) || tool.Name == "simulate" || tool.Name == "preview_goal", tool.Annotations.ReadOnlyHint, tool.Name)
			}
			require.ElementsMatch(t, want, names)
			if !slices.Contains(want, "submit_goal") {
				_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "submit_goal", Arguments: map[string]any{"intent": "x"}})
				require.Error(t, err)
			}
		})
	}
}

// An agent's token submits goals as the agent that it names.
func TestAnAgentSubmitsGoalsAsItself(t *testing.T) {
	t.Parallel()
	store, url := served(t)
	session := connect(t, url, store.Grant(t, aegis.RoleAgent), nil)
	none, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "submit_goal", Arguments: map[string]any{"intent": "add 2 nodes"}})
	require.NoError(t, err)
	require.True(t, none.IsError, "there is no agent of its name")
	require.NoError(t, store.CreateAgent(t.Context(), aegis.Agent{
		AgentID: "agt-1", Name: "agent", CreatedBy: "ana", Envelope: aegis.AgentEnvelope{Regions: []string{"eu-west-1"}},
	}))
	goal := call[aegis.Goal](t, session, "submit_goal", map[string]any{"intent": "add 2 nodes"})
	require.Equal(t, "agent", goal.Agent)
	require.Equal(t, []string{"only in eu-west-1"}, goal.Constraints)
}

func TestAGoalIsSubmittedAndFollowed(t *testing.T) {
	t.Parallel()
	store, url := served(t)
	told := make(chan string, 100)
	session := connect(t, url, store.Grant(t, aegis.RoleSubmitter), &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { told <- r.Params.Message },
	})
	preview := call[aegis.GoalPreview](t, session, "preview_goal", map[string]any{"intent": "scale the runtime in eu-west-1 to 4 nodes"})
	require.Len(t, preview.Plan.Tasks, 2)
	require.False(t, preview.Allowed())
	goal := call[aegis.Goal](t, session, "submit_goal", map[string]any{
		"intent": "scale the runtime in eu-west-1 to 4 nodes", "usd_month": 200, "risk_tolerance": "medium",
	})
	require.Equal(t, "submitter", goal.Submitter)
	require.InDelta(t, 200, *goal.Budget.USDMonth, 0)

	goal.State = aegis.GoalSucceeded
	require.NoError(t, store.UpdateGoal(t.Context(), goal))
	params := &mcp.CallToolParams{Name: "wait_for_goal", Arguments: map[string]any{"id": goal.GoalID}}
	params.SetProgressToken("p")
	result, err := session.CallTool(t.Context(), params)
	require.NoError(t, err)
	var seen struct {
		Goal  aegis.Goal `json:"goal"`
		Ended bool       `json:"ended"`
	}
	require.NoError(t, json.Unmarshal([]byte(text(result)), &seen))
	require.True(t, seen.Ended)
	require.Equal(t, aegis.GoalSucceeded, seen.Goal.State)
	require.Equal(t, "goal.accepted "+goal.GoalID, <-told)
	require.Equal(t, "goal.succeeded "+goal.GoalID, <-told)
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	store, url := served(t)
	session := connect(t, url, store.Grant(t, aegis.RoleSubmitter), nil)
	goal := call[aegis.Goal](t, session, "submit_goal", map[string]any{"intent": "scale the runtime in eu-west-1 to 4 nodes"})
	seen := call[map[string]any](t, session, "wait_for_goal", map[string]any{"id": goal.GoalID, "seconds": 1})
	require.Equal(t, false, seen["ended"])
}

func TestWhatThereIs(t *testing.T) {
	t.Parallel()
	store, url := served(t)
	session := connect(t, url, store.Grant(t, aegis.RoleViewer), nil)
	page := call[struct {
		Items      []aegis.Stack `json:"items"`
		NextCursor string        `json:"next_cursor"`
	}](t, session, "list_stacks", map[string]any{"limit": 3})
	require.Len(t, page.Items, 3)
	rest := call[map[string][]any](t, session, "list_limits", nil)
	require.Contains(t, rest, "breakers")
	stack := call[aegis.Stack](t, session, "get_stack", map[string]any{"id": page.Items[0].StackID})
	require.Equal(t, page.Items[0].StackID, stack.StackID)
	denied := call[map[string]any](t, session, "list_change_sets", map[string]any{"state": "denied"})
	require.NotEmpty(t, denied["items"])
	require.NotEmpty(t, call[map[string]any](t, session, "list_intents", nil)["items"])
}

func TestFaultsAreTold(t *testing.T) {
	t.Parallel()
	store, url := served(t)
	session := connect(t, url, store.Grant(t, aegis.RoleOperator), nil)
	for _, c := range []struct {
		name      string
		arguments map[string]any
		want      string
	}{
		{"get_goal", map[string]any{"id": "goal-none"}, "goal-none"},
		{"get_goal", map[string]any{}, "id"},
		{"get_goal", map[string]any{"id": "goal-1", "extra": true}, "extra"},
		{"get_stack", map[string]any{"id": "../../tokens"}, "not found"},
		{"submit_goal", map[string]any{"intent": ""}, "intent"},
		{"submit_goal", map[string]any{"intent": "x", "risk_tolerance": "reckless"}, "risk_tolerance"},
		{"list_stacks", map[string]any{"limit": 9000}, "limit"},
		{"list_decisions", map[string]any{"outcome": "perhaps"}, "outcome"},
	} {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: c.name, Arguments: c.arguments})
		require.NoError(t, err)
		require.True(t, result.IsError, "%s %v", c.name, c.arguments)
		require.Contains(t, text(result), c.want)
	}
}

func TestTheTokenIsAskedForEachTime(t *testing.T) {
	t.Parallel()
	store, url := served(t)
	token := store.Grant(t, aegis.RoleAdmin)
	require.Equal(t, http.StatusUnauthorized, post(t, url, "", "{}"))
	require.Equal(t, http.StatusUnauthorized, post(t, url, "wrong", "{}"))
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`
	require.Equal(t, http.StatusOK, post(t, url, token, list))
	require.Equal(t, http.StatusBadRequest, post(t, url, token, `{"jsonrpc":`))
	require.Equal(t, http.StatusOK, post(t, url, token, list, func(r *http.Request) { r.Host = "aegis.example" }), "as a proxy asks")
	require.Equal(t, http.StatusRequestEntityTooLarge, post(t, url, token, `"`+strings.Repeat("x", 5<<20)+`"`))

	tokens, err := store.Tokens(t.Context())
	require.NoError(t, err)
	require.NoError(t, store.RevokeToken(t.Context(), tokens[0].TokenID))
	require.Equal(t, http.StatusUnauthorized, post(t, url, token, list))
}

func post(t *testing.T, url, token, body string, edits ...func(*http.Request)) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewBufferString(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, edit := range edits {
		edit(req)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}
