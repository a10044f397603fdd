package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/client"
)

// brokenDoor answers with an error, or panics without one.
type brokenDoor struct{ err error }

func (d brokenDoor) Rollback(context.Context, string, string) (aegis.AutonomousChangeSet, error) {
	if d.err == nil {
		panic("no error to answer")
	}
	return aegis.AutonomousChangeSet{}, fmt.Errorf("roll back: %w", d.err)
}

func (d brokenDoor) Propose(context.Context, aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	return aegis.AutonomousChangeSet{}, d.err
}

func (d brokenDoor) Cancel(context.Context, string, string) error { return d.err }

func TestSentinelsSurviveTheWire(t *testing.T) {
	t.Parallel()
	for _, sentinel := range []error{
		aegis.ErrNotFound, aegis.ErrInvalid, aegis.ErrConflict, aegis.ErrStale, aegis.ErrLeaseHeld, aegis.ErrLeaseLost,
		aegis.ErrDigestMismatch, aegis.ErrBreakerOpen, aegis.ErrBudgetExceeded, aegis.ErrUnauthenticated, aegis.ErrForbidden,
		aegis.ErrIdempotencyMismatch, aegis.ErrNotImplemented, aegis.ErrUnintelligible, aegis.ErrStateCorrupt, aegis.ErrCancelled,
	} {
		srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Door = brokenDoor{sentinel} })
		_, err := client.New(srv.URL, srv.Token).RollbackChangeSet(t.Context(), "cs-1")
		require.ErrorIs(t, err, sentinel)
	}
}

func TestWhatNobodyExpectedTellsNothing(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"an error": errors.New("password=hunter2"), "a panic": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := apitest.Serve(t, apitest.NewStore(), func(c *api.Config) { c.Door = brokenDoor{err} })
			r := request{
				route: "POST /v1/change-sets/cs-1/rollback", token: srv.Token,
				header: map[string]string{"Idempotency-Key": "k"},
			}
			got := r.do(t, srv.URL)
			got.problem(t, http.StatusInternalServerError, "internal")
			require.NotContains(t, got.body, "hunter2")
			r.do(t, srv.URL).problem(t, http.StatusInternalServerError, "internal") // not replayed, not stuck
		})
	}
}
