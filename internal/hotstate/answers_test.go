package hotstate_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/hotstate"
	"github.com/aegisworld/aegis/internal/hotstate/redistest"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// kept is a place for models' answers; older makes all that it holds as old as if
// so much time had passed.
type kept struct {
	model.Answers

	older func(t *testing.T, by time.Duration)
}

func keptInPostgres(t *testing.T) kept {
	t.Helper()
	url := pgtest.New(t)
	db, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return kept{db, func(t *testing.T, by time.Duration) {
		t.Helper()
		_, err := conn.Exec(t.Context(), `UPDATE model_answers SET expires_at = expires_at - $1::interval`, by)
		require.NoError(t, err)
	}}
}

func keptInRedis(t *testing.T, server *redistest.Server, cluster bool) kept {
	t.Helper()
	prefix := "test:" + t.Name() + ":"
	r, err := hotstate.Open(hotstate.Options{URL: server.URL, PasswordFile: server.PasswordFile, Cluster: cluster, Prefix: prefix})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	options, err := redis.ParseURL(server.URL)
	require.NoError(t, err)
	options.Password = server.Password
	client := redis.NewClient(options)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return kept{r, func(t *testing.T, by time.Duration) {
		t.Helper()
		keys, err := client.Keys(t.Context(), prefix+"*").Result()
		require.NoError(t, err)
		for _, key := range keys {
			left, err := client.PTTL(t.Context(), key).Result()
			require.NoError(t, err)
			require.Positive(t, left, "each key ends by itself")
			require.NoError(t, client.PExpire(t.Context(), key, left-by).Err())
		}
	}}
}

// TestAnswersConformance holds what any place for models' answers must do.
func TestAnswersConformance(t *testing.T) {
	t.Parallel()
	server, cluster := redistest.Start(t), redistest.StartCluster(t)
	for name, fresh := range map[string]func(*testing.T) kept{
		"postgres":           keptInPostgres,
		"redis":              func(t *testing.T) kept { t.Helper(); return keptInRedis(t, server, false) },
		"redis in a cluster": func(t *testing.T) kept { t.Helper(); return keptInRedis(t, cluster, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := fresh(t)
			read := func(digest [32]byte) []byte {
				answer, ok, err := place.KeptAnswer(t.Context(), digest)
				require.NoError(t, err)
				require.Equal(t, answer != nil, ok)
				return answer
			}
			require.Nil(t, read([32]byte{1}))
			said := bytes.Repeat([]byte("\x00\r\n{}"), 1<<17)
			require.NoError(t, place.KeepAnswer(t.Context(), [32]byte{1}, said, time.Hour))
			require.NoError(t, place.KeepAnswer(t.Context(), [32]byte{1}, []byte("another"), time.Hour))
			require.NoError(t, place.KeepAnswer(t.Context(), [32]byte{2}, []byte("two"), 2*time.Hour))
			require.True(t, bytes.Equal(said, read([32]byte{1})), "the first stays, as it is")
			require.Equal(t, "two", string(read([32]byte{2})))
			require.Nil(t, read([32]byte{3}))

			place.older(t, time.Hour+time.Second)
			require.Nil(t, read([32]byte{1}), "it has ended")
			require.Equal(t, "two", string(read([32]byte{2})))
			require.NoError(t, place.KeepAnswer(t.Context(), [32]byte{1}, []byte("later"), time.Hour))
			require.Equal(t, "later", string(read([32]byte{1})))
		})
	}
}
