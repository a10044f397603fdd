package postgres_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestWorkersShareAKey(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	const workers = 8
	keys := make([][]byte, workers)
	var asked sync.WaitGroup
	for i := range workers {
		asked.Go(func() {
			key, err := db.SharedKey(t.Context(), "digest")
			if err == nil {
				keys[i] = key
			}
		})
	}
	asked.Wait()
	for _, key := range keys {
		require.Len(t, key, 32)
		require.Equal(t, keys[0], key)
	}
	other, err := db.SharedKey(t.Context(), "other")
	require.NoError(t, err)
	require.NotEqual(t, keys[0], other)
}
