package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestListsAreNeverNull(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	store.PutChangeSet(aegis.AutonomousChangeSet{
		ChangeSetID: "cs-bare", CanaryResult: &aegis.CanaryResult{}, Diff: []aegis.ResourceChange{{Action: aegis.ActionCreate}},
	})
	got := request{route: "GET /v1/change-sets/cs-bare", token: srv.Token}.do(t, srv.URL)
	for _, name := range []string{"patches", "inverse", "inverse_diff", "risk_factors", "denials", "warnings", "progress", "stack_ids", "regions", "checks", "unknown", "sensitive"} {
		require.Contains(t, got.body, `"`+name+`":[]`)
	}
	require.Contains(t, got.body, `"plan_digests":{}`)
	require.Contains(t, got.body, `"before":null`, "what is created was nothing before")

	list := request{route: "GET /v1/change-sets", token: srv.Token}.do(t, srv.URL)
	require.Contains(t, list.body, `"inverse":[]`)
	kept, err := store.ChangeSet(t.Context(), "cs-bare")
	require.NoError(t, err)
	require.Nil(t, kept.Diff[0].Unknown, "the store's own value is left alone")
}
