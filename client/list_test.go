package client_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/client"
)

func TestShortListsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	for i := range 501 {
		_, err := store.OpenBreaker(t.Context(), aegis.Breaker{BreakerID: fmt.Sprintf("brk-%d", i)})
		require.NoError(t, err)
	}
	list, err := client.New(srv.URL, srv.Token).Breakers(t.Context())
	require.NoError(t, err)
	require.Len(t, list.Items, 501)
	require.Empty(t, list.NextCursor)
}
