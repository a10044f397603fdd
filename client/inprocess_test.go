package client_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/client"
)

func TestWithinAProcess(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	require.NoError(t, store.Sample(t.Context()))
	c := client.Within(api.New(store.Config()), "192.0.2.1:4711", store.Grant(t, aegis.RoleSubmitter))
	goal, err := c.CreateGoal(t.Context(), aegis.GoalSpec{Intent: "scale the runtime in eu-west-1 to 4 nodes"})
	require.NoError(t, err)
	_, err = c.Goal(t.Context(), "goal-none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	_, err = c.Tokens(t.Context())
	require.ErrorIs(t, err, aegis.ErrForbidden)

	// A stream is read while it is written, and ends with its reader.
	var seen []string
	err = c.FollowGoal(t.Context(), goal.GoalID, func(e aegis.Event) error {
		seen = append(seen, e.Type)
		return client.ErrStop
	})
	require.NoError(t, err)
	require.Equal(t, []string{"goal.accepted"}, seen)
}

func TestAHandlerThatBreaksOffEndsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls, from := 0, ""
	c := client.Within(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"name":`)
			panic("half way")
		}
		from = r.RemoteAddr
		cancel()
		<-r.Context().Done()
	}), "192.0.2.1:4711", "token")
	_, err := c.WhoAmI(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, calls, "the first was tried again")
	require.Equal(t, "192.0.2.1:4711", from)
}
