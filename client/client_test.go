package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/client"
)

func sampled(t *testing.T) (*apitest.Server, *client.Client) {
	t.Helper()
	store := apitest.NewStore()
	require.NoError(t, store.Sample(t.Context()))
	srv := apitest.Serve(t, store)
	return srv, client.New(srv.URL+"/", srv.Token)
}

func TestGoals(t *testing.T) {
	t.Parallel()
	_, c := sampled(t)
	usd, deadline := 12.5, time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	goal, err := c.CreateGoal(t.Context(), aegis.GoalSpec{
		Intent: "scale the runtime in eu-west-1 to 4 nodes", Constraints: []string{"only eu-west-1"},
		Budget: &aegis.Budget{USDMonth: &usd}, Deadline: &deadline, RiskTolerance: aegis.RiskLow, Domains: []string{"infra"},
	})
	require.NoError(t, err)
	require.Equal(t, deadline, *goal.Deadline)
	read, err := c.Goal(t.Context(), goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, goal, read)
	list, err := c.Goals(t.Context(), aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, goal.GoalID, list.Items[0].GoalID)
	rest, err := c.Goals(t.Context(), aegis.Page{Cursor: list.NextCursor})
	require.NoError(t, err)
	require.Len(t, rest.Items, 4)
	cancelled, err := c.CancelGoal(t.Context(), goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, aegis.GoalCancelled, cancelled.State)
	intents, err := c.Intents(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, intents.Items[0].Examples)
}

func TestChangeSets(t *testing.T) {
	t.Parallel()
	_, c := sampled(t)
	list, err := c.ChangeSets(t.Context(), aegis.ChangeSetFilter{State: aegis.StateDenied, Source: aegis.SourceGoal}, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	back, err := c.RollbackChangeSet(t.Context(), "cs-1")
	require.NoError(t, err)
	require.Equal(t, "cs-1", back.RollbackOf)
	require.Equal(t, "admin", back.Actor)
	cs, err := c.CancelChangeSet(t.Context(), "cs-5")
	require.NoError(t, err)
	require.Equal(t, aegis.StateCancelled, cs.PromotionState)
	_, err = c.CancelChangeSet(t.Context(), "cs-5")
	require.ErrorIs(t, err, aegis.ErrConflict)
	_, err = c.ChangeSet(t.Context(), "cs-none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
}

func TestStacks(t *testing.T) {
	t.Parallel()
	srv, c := sampled(t)
	list, err := c.Stacks(t.Context(), aegis.Page{})
	require.NoError(t, err)
	require.Len(t, list.Items, 16)
	_, err = c.ReconcileStack(t.Context(), "prod.network.us-east-1")
	require.NoError(t, err)
	adopted, err := c.AdoptStack(t.Context(), client.Adoption{
		StackID: "dns", Environment: "prod", Region: "us-east-1", Source: client.AdoptionSource{Path: "/srv/dns"},
	})
	require.NoError(t, err)
	require.Equal(t, aegis.TargetTerraformWorkspace, adopted.Kind)
	require.Equal(t, []string{"prod.network.us-east-1", "dns"}, srv.Reconciles())
	srv.PutObservation(aegis.Observation{StackID: "dns", ResourceCount: 3})
	seen, err := c.StackDrift(t.Context(), "dns")
	require.NoError(t, err)
	require.Equal(t, 3, seen.ResourceCount)
	_, err = c.StackDrift(t.Context(), "prod.edge.us-east-1")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	_, err = c.AdoptStack(t.Context(), client.Adoption{StackID: "dns", Environment: "prod", Region: "mars-1", Source: client.AdoptionSource{Path: "x"}})
	var problem *client.Error
	require.ErrorAs(t, err, &problem)
	require.ErrorIs(t, err, aegis.ErrInvalid)
	require.Len(t, problem.Fields, 1)
}

func TestStacksAreDestroyedAfterWhatReadsThem(t *testing.T) {
	t.Parallel()
	srv, c := sampled(t)
	network, edge := "prod.network.us-east-1", "prod.edge.us-east-1"
	reader, err := c.Stack(t.Context(), edge)
	require.NoError(t, err)
	reader.DependsOn = []string{network}
	require.NoError(t, srv.UpsertStack(t.Context(), reader))
	_, err = c.DestroyStack(t.Context(), network)
	require.ErrorIs(t, err, aegis.ErrInvalid)
	require.ErrorContains(t, err, edge)

	cs, err := c.DestroyStack(t.Context(), edge)
	require.NoError(t, err)
	require.Equal(t, aegis.SourceOperator, cs.Source)
	require.Len(t, cs.Patches, 1)
	require.True(t, cs.Patches[0].Destroy)
	reader.State = aegis.StackPending
	require.NoError(t, srv.UpsertStack(t.Context(), reader))
	_, err = c.DestroyStack(t.Context(), edge)
	require.ErrorIs(t, err, aegis.ErrInvalid, "there is nothing left")
	_, err = c.DestroyStack(t.Context(), network)
	require.NoError(t, err)
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	srv, c := sampled(t)
	adopt := func(id string, src client.AdoptionSource) aegis.Stack {
		s, err := c.AdoptStack(t.Context(), client.Adoption{StackID: id, Environment: "prod", Region: "us-east-1", Set: "dns", Source: src})
		require.NoError(t, err)
		return s
	}
	adopted := adopt("dns-a", client.AdoptionSource{Path: "/srv/dns"})
	require.True(t, adopted.Observed(), "what is adopted is only observed at first")
	require.Equal(t, "/srv/dns", adopted.Source.Path)
	require.Len(t, adopt("dns-b", client.AdoptionSource{Archive: []byte("x"), Dir: "live"}).Source.Archive, 64, "an archive is named by its digest")
	require.Equal(t, "v1", adopt("dns-c", client.AdoptionSource{Git: &aegis.GitSource{URL: "https://git.example/x", Ref: "v1"}}).Source.Git.Ref)

	change := client.VariableChange{MergePatch: map[string]any{"size": 3}, WholeSet: true}
	_, err := c.SetStackVariables(t.Context(), "dns-a", change)
	require.ErrorIs(t, err, aegis.ErrInvalid, "what is only observed is refused")
	for _, id := range []string{"dns-a", "dns-b", "dns-c"} {
		s, err := c.SetStackMode(t.Context(), id, aegis.ModeManage)
		require.NoError(t, err)
		require.False(t, s.Observed())
	}
	require.False(t, adopt("dns-a", client.AdoptionSource{Path: "/srv/dns"}).Observed(), "adopting again keeps the mode")
	cs, err := c.SetStackVariables(t.Context(), "dns-a", change)
	require.NoError(t, err)
	require.Equal(t, aegis.SourceOperator, cs.Source)
	require.ElementsMatch(t, []string{"dns-a", "dns-b", "dns-c"}, cs.Target.StackIDs)
	require.JSONEq(t, `{"size":3}`, string(cs.Patches[0].MergePatch))
	_, err = c.SetStackVariables(t.Context(), "prod.network.us-east-1", change)
	require.ErrorIs(t, err, aegis.ErrInvalid, "a stack of the estate is of no set")
	cs, err = c.SetStackVariables(t.Context(), "prod.network.us-east-1", client.VariableChange{MergePatch: map[string]any{"deletable": true}})
	require.NoError(t, err)
	require.Equal(t, "Set deletable of prod.network.us-east-1", cs.Summary)
	_, err = c.SetStackMode(t.Context(), "prod.network.us-east-1", aegis.ModeObserve)
	require.ErrorIs(t, err, aegis.ErrInvalid)
	_, err = c.UnlockStack(t.Context(), "dns-a", "6b3c-1")
	require.NoError(t, err)
	_, err = c.UnlockStack(t.Context(), "dns-a", "another")
	require.ErrorIs(t, err, aegis.ErrConflict)

	operator := client.New(srv.URL, srv.Grant(t, aegis.RoleOperator))
	_, err = operator.AdoptStack(t.Context(), client.Adoption{StackID: "x", Environment: "prod", Region: "us-east-1", Source: client.AdoptionSource{Path: "/x"}})
	require.ErrorIs(t, err, aegis.ErrForbidden)
	_, err = operator.SetStackMode(t.Context(), "dns-a", aegis.ModeObserve)
	require.ErrorIs(t, err, aegis.ErrForbidden)
	_, err = operator.UnlockStack(t.Context(), "dns-a", "6b3c-1")
	require.ErrorIs(t, err, aegis.ErrForbidden)
	_, err = operator.SetStackVariables(t.Context(), "dns-a", change)
	require.NoError(t, err)
	_, err = operator.DestroyStack(t.Context(), "dns-a")
	require.ErrorIs(t, err, aegis.ErrForbidden)
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	_, c := sampled(t)
	open, err := c.OpenBreaker(t.Context(), client.BreakerRequest{Scope: aegis.BreakerRegion, Key: "eu-west-1", Reason: "storm"})
	require.NoError(t, err)
	require.True(t, open.Open)
	list, err := c.Breakers(t.Context())
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	closed, err := c.CloseBreaker(t.Context(), open.BreakerID)
	require.NoError(t, err)
	require.False(t, closed.Open)
	_, err = c.SetBudget(t.Context(), "estate", 250)
	require.NoError(t, err)
	budgets, err := c.Budgets(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 250, budgets.Items[0].LimitUSD, 0)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	srv, c := sampled(t)
	token, err := c.CreateToken(t.Context(), client.TokenRequest{Name: "ci", Role: aegis.RoleViewer})
	require.NoError(t, err)
	viewer := client.New(srv.URL, token.Secret)
	me, err := viewer.WhoAmI(t.Context())
	require.NoError(t, err)
	require.Equal(t, aegis.Principal{Name: "ci", Role: aegis.RoleViewer, TokenID: token.TokenID}, me)
	_, err = viewer.CreateGoal(t.Context(), aegis.GoalSpec{Intent: "x"})
	require.ErrorIs(t, err, aegis.ErrForbidden)
	link, err := viewer.CreateLoginLink(t.Context())
	require.NoError(t, err)
	require.Contains(t, link.URL, srv.URL+"/login?code=")
	require.NoError(t, c.RevokeToken(t.Context(), token.TokenID))
	_, err = viewer.WhoAmI(t.Context())
	require.ErrorIs(t, err, aegis.ErrUnauthenticated)
	list, err := c.Tokens(t.Context())
	require.NoError(t, err)
	require.Len(t, list.Items, 2)
}

func TestRecords(t *testing.T) {
	t.Parallel()
	srv, c := sampled(t)
	srv.PutDecision(aegis.Decision{DecisionID: "dec-1", StackIDs: []string{"a.b.c"}, Allowed: true})
	srv.PutTrace(aegis.TaskTrace{TraceID: "tr-1"})
	decisions, err := c.Decisions(t.Context(), aegis.DecisionFilter{StackID: "a.b.c"}, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, decisions.Items, 1)
	_, err = c.Decision(t.Context(), "dec-1", true)
	require.NoError(t, err)
	traces, err := c.Traces(t.Context(), aegis.Page{})
	require.NoError(t, err)
	require.Len(t, traces.Items, 1)
	_, err = c.Trace(t.Context(), "tr-1")
	require.NoError(t, err)
}

// flaky fails the first n requests and remembers their keys.
func flaky(t *testing.T, n int32, status int) (*httptest.Server, *atomic.Int32, chan string) {
	t.Helper()
	var calls atomic.Int32
	keys := make(chan string, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("Idempotency-Key")
		if calls.Add(1) <= n {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
			return
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(srv.Close)
	return srv, &calls, keys
}

func TestRetriesKeepTheIdempotencyKey(t *testing.T) {
	t.Parallel()
	srv, calls, keys := flaky(t, 2, http.StatusServiceUnavailable)
	_, err := client.New(srv.URL, "").CreateGoal(t.Context(), aegis.GoalSpec{Intent: "x"})
	require.NoError(t, err)
	require.EqualValues(t, 3, calls.Load())
	first := <-keys
	require.NotEmpty(t, first)
	require.Equal(t, first, <-keys)
	require.Equal(t, first, <-keys)
}

func TestFaultsAreNotRetried(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusConflict, http.StatusInternalServerError, http.StatusFound} {
		srv, calls, _ := flaky(t, 9, status)
		_, err := client.New(srv.URL, "").Goals(t.Context(), aegis.Page{})
		var problem *client.Error
		require.ErrorAs(t, err, &problem)
		require.Contains(t, err.Error(), "is this the address of an AegisWorld API?")
		require.EqualValues(t, 1, calls.Load(), strconv.Itoa(status))
	}
}

func TestAnUnreachableAPI(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.New("http://127.0.0.1:1", "").Goals(ctx, aegis.Page{})
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	_, err = client.New("::", "").Goals(t.Context(), aegis.Page{})
	require.ErrorIs(t, err, aegis.ErrInvalid)
}

func TestFollowResumesWhereItBroke(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		after, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(": alive\n\nid: x\ndata: {\"seq\":" + strconv.Itoa(after+1) + ",\"type\":\"t" + strconv.Itoa(int(n)) + "\"}\n\n"))
	}))
	t.Cleanup(srv.Close)
	var seen []int64
	err := client.New(srv.URL, "").Follow(t.Context(), 7, func(e aegis.Event) error {
		if seen = append(seen, e.Seq); len(seen) == 3 {
			return client.ErrStop
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int64{8, 9, 10}, seen)
}

func TestFollowEndsWithItsCallbackOrARefusal(t *testing.T) {
	t.Parallel()
	_, c := sampled(t)
	odd := errors.New("odd")
	require.ErrorIs(t, c.FollowGoal(t.Context(), "goal-1", func(aegis.Event) error { return odd }), odd)
	require.ErrorIs(t, c.FollowGoal(t.Context(), "goal-none", func(aegis.Event) error { return nil }), aegis.ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.FollowGoal(ctx, "goal-1", func(aegis.Event) error { cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzFollow(f *testing.F) {
	f.Add("data: {\"seq\":1}\n\n")
	f.Add("data: {\n\n")
	f.Add(strings.Repeat("x", 70_000))
	f.Fuzz(func(t *testing.T, stream string) {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) > 1 {
				cancel()
			}
			_, _ = w.Write([]byte(stream))
		}))
		defer srv.Close()
		require.Error(t, client.New(srv.URL, "").Follow(ctx, 0, func(aegis.Event) error { return nil }))
	})
}
