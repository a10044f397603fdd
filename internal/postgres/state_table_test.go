package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestWriteStateBeforeTheBackendWasUsed(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	const key = "aegis/.pulumi/stacks/aegis/prod.network.eu-west-1.json.gz"
	require.NoError(t, db.WriteState(t.Context(), key, []byte("state")))
	got, err := db.ReadState(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, "state", string(got))
}
