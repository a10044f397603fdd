package hotstate_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/hotstate/redistest"
)

// kept is a place for models' answers; older makes all that it holds as old as if
// so much time had passed.
type kept struct {
	model.Answers

	older func(t *testing.T, by time.Duration)
}

func keptInPostgres(t *testing.T) kept {
	t.Helper()
	db, conn := openPostgres(t)
	return kept{db, func(t *testing.T, by time.Duration) {
		t.Helper()
		_, err := conn.Exec(t.Context(), `UPDATE model_answers SET expires_at = expires_at - $1::interval`, by)
		require.NoError(t, err)
	}}
}

func keptInRedis(t *testing.T, server *redistest.Server, cluster bool) kept {
	t.Helper()
	r, keys := openRedis(t, server, cluster)
	return kept{r, keys.older}
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
