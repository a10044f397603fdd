package postgres_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestWorkersShareAKey(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	random := func(context.Context) ([]byte, error) { return []byte(rand.Text()), nil }
	const workers = 8
	keys := make([][]byte, workers)
	var asked sync.WaitGroup
	for i := range workers {
		asked.Go(func() {
			key, err := db.SharedKey(t.Context(), "digest", random)
			if err == nil {
				keys[i] = key
			}
		})
	}
	asked.Wait()
	for _, key := range keys {
		require.NotEmpty(t, key)
		require.Equal(t, keys[0], key)
	}
	other, err := db.SharedKey(t.Context(), "other", random)
	require.NoError(t, err)
	require.NotEqual(t, keys[0], other)
	_, err = db.SharedKey(t.Context(), "refused", func(context.Context) ([]byte, error) { return nil, aegis.ErrUnavailable })
	require.ErrorIs(t, err, aegis.ErrUnavailable)
}
