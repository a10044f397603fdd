package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCustomTimeoutsReachTheProvider(t *testing.T) {
	t.Parallel()
	kept, err := withTimeouts(patient(t.Context(), 0), []byte(`{"schema_version":"1"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"schema_version":"1"}`, string(kept), "the provider's own")
	given, err := withTimeouts(patient(t.Context(), (15*time.Second).Seconds()), []byte(`{"schema_version":"1"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"schema_version":"1","e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":
		{"create":15000000000,"update":15000000000,"delete":15000000000}}`, string(given))
	none, err := withTimeouts(patient(t.Context(), 1), nil)
	require.NoError(t, err)
	require.Contains(t, string(none), timeoutsKey)
	_, err = withTimeouts(patient(t.Context(), 1), []byte(`no object`))
	require.Error(t, err)
}
