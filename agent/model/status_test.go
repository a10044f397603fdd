package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	tired := fails("tired", &model.CallError{Kind: model.ErrRateLimited, RetryAfter: time.Hour, Unpaid: true})
	r := router(t, newPurse(aDollar), priced(tired), priced(says("well", "ok")))
	for _, m := range r.Status() {
		require.Equal(t, aegis.ModelReady, m.State, m.Name)
		require.Zero(t, m.Calls)
	}
	_, err := r.Complete(t.Context(), ask("hello"), model.Account{})
	require.NoError(t, err)
	status := r.Status()
	require.Equal(t, "tired/m", status[0].Name)
	require.Equal(t, aegis.ModelResting, status[0].State)
	require.Positive(t, status[0].ErrorRate)
	require.Equal(t, aegis.ModelReady, status[1].State)
	require.Equal(t, 1, status[1].Calls)
	require.InDelta(t, 2, status[1].OutputUSD, 0)
}
