package hotstate_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/hotstate"
	"github.com/aegisworld/aegis/internal/hotstate/redistest"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// requests is hot state, as the API needs it.
type requests interface {
	BeginRequest(ctx context.Context, principal, key string, request [32]byte) (*aegis.StoredResponse, time.Time, error)
	FinishRequest(ctx context.Context, principal, key string, status int, header map[string]string, body []byte) error
}

// choice is a place for hot state. overdue makes all that it holds as old as if
// more than a minute had passed, and dayLater as if more than a day had.
type choice struct {
	requests

	overdue, dayLater func(t *testing.T)
}

func choices(t *testing.T) map[string]func(*testing.T) choice {
	t.Helper()
	server, cluster := redistest.Start(t), redistest.StartCluster(t)
	return map[string]func(*testing.T) choice{
		"postgres": func(t *testing.T) choice {
			t.Helper()
			db, conn := openPostgres(t)
			older := func(interval string) func(*testing.T) {
				return func(t *testing.T) {
					t.Helper()
					_, err := conn.Exec(t.Context(), `UPDATE requests SET expires_at = expires_at - $1::text::interval`, interval)
					require.NoError(t, err)
				}
			}
			return choice{db, older("61 seconds"), older("25 hours")}
		},
		"redis":              func(t *testing.T) choice { t.Helper(); return inRedis(t, server, false) },
		"redis in a cluster": func(t *testing.T) choice { t.Helper(); return inRedis(t, cluster, true) },
	}
}

// inRedis is a choice in a server, each with keys of its own.
func inRedis(t *testing.T, server *redistest.Server, cluster bool) choice {
	t.Helper()
	r, keys := openRedis(t, server, cluster)
	// Redis has no clock that can be turned: what it holds is made older.
	older := func(ms int64) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			for _, key := range keys.all(t) {
				require.NoError(t, keys.HIncrBy(t.Context(), key, "until", -ms).Err())
			}
			keys.older(t, time.Duration(ms)*time.Millisecond)
		}
	}
	return choice{r, older(61_000), older(25 * 3_600_000)}
}

// keys are those of one test, seen by a client of its own.
type keys struct {
	*redis.Client

	prefix string
}

// openRedis opens hot state in a server, under keys of the test's own.
func openRedis(t *testing.T, server *redistest.Server, cluster bool) (*hotstate.Redis, keys) {
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
	return r, keys{client, prefix}
}

func (k keys) all(t *testing.T) []string {
	t.Helper()
	found, err := k.Keys(t.Context(), k.prefix+"*").Result()
	require.NoError(t, err)
	return found
}

// older has every key end so much earlier.
func (k keys) older(t *testing.T, by time.Duration) {
	t.Helper()
	for _, key := range k.all(t) {
		left, err := k.PTTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.Positive(t, left, "each key ends by itself")
		require.NoError(t, k.PExpire(t.Context(), key, left-by).Err())
	}
}

// openPostgres opens hot state in a database of the test's own, with a connection
// beside it.
func openPostgres(t *testing.T) (*postgres.DB, *pgx.Conn) {
	t.Helper()
	url := pgtest.New(t)
	db, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return db, conn
}

// TestConformance holds what any place for hot state must do.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, fresh := range choices(t) {
		for fact, test := range map[string]func(*testing.T, choice){
			"repeats an answer":                    conformRepeats,
			"refuses another request":              conformMismatch,
			"keeps people apart":                   conformApart,
			"frees a key after a 5xx":              conformFreed,
			"frees the key of a dead process":      conformDead,
			"forgets after a day":                  conformForgets,
			"lets one of many begin":               conformOne,
			"an answer that nobody began is none":  conformUnknown,
			"a late 5xx does not undo an answer":   conformLate,
			"keeps bodies and headers as they are": conformBytes,
		} {
			t.Run(name+"/"+fact, func(t *testing.T) { t.Parallel(); test(t, fresh(t)) })
		}
	}
}

// digest is that of request n.
func digest(n byte) [32]byte { return [32]byte{n} }

func begin(t *testing.T, c choice, who, key string, request [32]byte) (*aegis.StoredResponse, time.Time) {
	t.Helper()
	stored, began, err := c.BeginRequest(t.Context(), who, key, request)
	require.NoError(t, err)
	return stored, began
}

func finish(t *testing.T, c choice, status int) {
	t.Helper()
	require.NoError(t, c.FinishRequest(t.Context(), "tok-1", "k", status, map[string]string{"Location": "/v1/goals/g"}, []byte(`{"a":1}`)))
}

func conformRepeats(t *testing.T, c choice) {
	t.Helper()
	stored, began := begin(t, c, "tok-1", "k", digest(1))
	require.Nil(t, stored)
	require.WithinDuration(t, time.Now(), began, time.Minute)
	_, _, err := c.BeginRequest(t.Context(), "tok-1", "k", digest(1))
	require.ErrorIs(t, err, aegis.ErrConflict, "it is still being answered")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, c.FinishRequest(ended, "tok-1", "k", http.StatusAccepted, map[string]string{"Location": "/x"}, []byte("body")),
		"an answer is kept also when the caller is gone")
	for range 2 {
		stored, again := begin(t, c, "tok-1", "k", digest(1))
		require.Equal(t, &aegis.StoredResponse{Status: http.StatusAccepted, Header: map[string]string{"Location": "/x"}, Body: []byte("body")}, stored)
		require.True(t, began.Equal(again))
	}
	c.overdue(t)
	stored, _ = begin(t, c, "tok-1", "k", digest(1))
	require.NotNil(t, stored, "an answer lives longer than a request may take")
}

func conformMismatch(t *testing.T, c choice) {
	t.Helper()
	begin(t, c, "tok-1", "k", digest(1))
	_, _, err := c.BeginRequest(t.Context(), "tok-1", "k", digest(2))
	require.ErrorIs(t, err, aegis.ErrIdempotencyMismatch)
	finish(t, c, http.StatusOK)
	_, _, err = c.BeginRequest(t.Context(), "tok-1", "k", digest(2))
	require.ErrorIs(t, err, aegis.ErrIdempotencyMismatch)
}

func conformApart(t *testing.T, c choice) {
	t.Helper()
	for _, pair := range [][2]string{{"tok-1", "k"}, {"tok-2", "k"}, {"tok-1", "k2"}, {"", "tok-1k"}, {"tok-1\n", "k"}, {"tok-1", "\nk"}, {"*", "?"}} {
		stored, _ := begin(t, c, pair[0], pair[1], digest(1))
		require.Nil(t, stored, "%q", pair)
	}
}

func conformFreed(t *testing.T, c choice) {
	t.Helper()
	_, began := begin(t, c, "tok-1", "k", digest(1))
	finish(t, c, http.StatusBadGateway)
	stored, again := begin(t, c, "tok-1", "k", digest(1))
	require.Nil(t, stored)
	require.True(t, began.Equal(again), "the same request began when it began first: %s, %s", began, again)
	finish(t, c, http.StatusInternalServerError)
	stored, other := begin(t, c, "tok-1", "k", digest(2))
	require.Nil(t, stored, "a key that is free may be used for another request")
	require.False(t, other.Before(began))
	finish(t, c, http.StatusOK)
	stored, _ = begin(t, c, "tok-1", "k", digest(2))
	require.NotNil(t, stored)
}

func conformDead(t *testing.T, c choice) {
	t.Helper()
	_, began := begin(t, c, "tok-1", "k", digest(1))
	c.overdue(t)
	stored, again := begin(t, c, "tok-1", "k", digest(1))
	require.Nil(t, stored)
	require.True(t, began.Equal(again))
	_, _, err := c.BeginRequest(t.Context(), "tok-1", "k", digest(1))
	require.ErrorIs(t, err, aegis.ErrConflict)
}

func conformForgets(t *testing.T, c choice) {
	t.Helper()
	begin(t, c, "tok-1", "k", digest(1))
	finish(t, c, http.StatusOK)
	c.dayLater(t)
	stored, _ := begin(t, c, "tok-1", "k", digest(2))
	require.Nil(t, stored)
}

func conformOne(t *testing.T, c choice) {
	t.Helper()
	var group sync.WaitGroup
	var began atomic.Int32
	for range 16 {
		group.Go(func() {
			stored, _, err := c.BeginRequest(t.Context(), "tok-1", "k", digest(1))
			switch {
			case err == nil && stored == nil:
				began.Add(1)
			case err == nil:
				t.Error("there is no answer yet")
			}
		})
	}
	group.Wait()
	require.Equal(t, int32(1), began.Load())
}

func conformUnknown(t *testing.T, c choice) {
	t.Helper()
	finish(t, c, http.StatusOK)
	stored, _ := begin(t, c, "tok-1", "k", digest(1))
	require.Nil(t, stored)
}

func conformLate(t *testing.T, c choice) {
	t.Helper()
	begin(t, c, "tok-1", "k", digest(1))
	finish(t, c, http.StatusOK)
	finish(t, c, http.StatusBadGateway)
	stored, _ := begin(t, c, "tok-1", "k", digest(1))
	require.NotNil(t, stored)
	require.Equal(t, http.StatusOK, stored.Status)
}

func conformBytes(t *testing.T, c choice) {
	t.Helper()
	body := []byte{0, 0xff, '\n', '"', 0xc3, 0xb6}
	header := map[string]string{"Content-Type": "a; b=\"ö\\\"", "Location": ""}
	begin(t, c, "tok-1", "k", digest(1))
	require.NoError(t, c.FinishRequest(t.Context(), "tok-1", "k", http.StatusConflict, header, body))
	stored, _ := begin(t, c, "tok-1", "k", digest(1))
	require.Equal(t, &aegis.StoredResponse{Status: http.StatusConflict, Header: header, Body: body}, stored)
}

func TestRedisGoesAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	r, err := hotstate.Open(hotstate.Options{URL: server.URL, PasswordFile: server.PasswordFile})
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.Ping(t.Context()))
	server.Stop()
	_, _, err = r.BeginRequest(t.Context(), "tok-1", "k", digest(1))
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	require.NotContains(t, err.Error(), server.Password)
	require.ErrorIs(t, r.FinishRequest(t.Context(), "tok-1", "k", 200, nil, nil), aegis.ErrUnavailable)
	server.Restart(t)
	_, _, err = r.BeginRequest(t.Context(), "tok-1", "k", digest(1))
	require.NoError(t, err, "it comes back by itself, its scripts too")
}

func TestRedisPassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	wrong := t.TempDir() + "/password"
	require.NoError(t, os.WriteFile(wrong, []byte("wrong-hunter2"), 0o600))
	r, err := hotstate.Open(hotstate.Options{URL: server.URL, PasswordFile: wrong})
	require.NoError(t, err)
	defer r.Close()
	err = r.Ping(t.Context())
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	require.NotContains(t, err.Error(), "hunter2")
	require.NoError(t, os.WriteFile(wrong, []byte(server.Password), 0o600))
	require.NoError(t, r.Ping(t.Context()), "a rotated password is read at the next connection")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"rediss://redis.internal:6379/0", "rediss://aegis@redis.internal", "redis://127.0.0.1:6379", "redis://localhost/2", "redis://[::1]:1"} {
		require.NoError(t, hotstate.Check(good), good)
	}
	for bad, want := range map[string]string{
		"":                                   "give rediss://",
		"http://redis.internal":              "give rediss://",
		"rediss://":                          "give rediss://",
		"rediss://redis.internal/x":          "give rediss://",
		"rediss://redis.internal?db=1":       "give rediss://",
		"rediss://u:hunter2@redis.internal":  "name a password_file",
		"redis://redis.internal:6379":        "use rediss://",
		"rediss://redis.internal:hunter2/%z": "give rediss://",
	} {
		err := hotstate.Check(bad)
		require.ErrorIs(t, err, aegis.ErrInvalid, bad)
		require.ErrorContains(t, err, want, bad)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
