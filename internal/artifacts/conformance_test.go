package artifacts_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/artifacts"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// objects is a place for artifacts.
type objects interface {
	Read(ctx context.Context, key string) ([]byte, error)
	Write(ctx context.Context, key string, data []byte) error
	List(ctx context.Context, prefix string) ([]string, error)
	Remove(ctx context.Context, key string) error
}

// choices are the places that a configuration can name, an empty one for each
// call.
func choices(t *testing.T) map[string]func(t *testing.T) objects {
	t.Helper()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	connected, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: account.Regions, AccountID: sandbox.AccountID,
		BaseAccessKeyID: account.AutopilotAccessKeyID, BaseSecretAccessKey: account.AutopilotSecretAccessKey,
	})
	require.NoError(t, err)
	client := s3.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("artifacts"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	require.NoError(t, err)
	return map[string]func(t *testing.T) objects{
		"disk": func(t *testing.T) objects {
			t.Helper()
			folder, err := artifacts.OpenFolder(filepath.Join(t.TempDir(), "made"))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, folder.Close()) })
			return folder
		},
		"s3": func(t *testing.T) objects {
			t.Helper()
			bucket, err := connected.Bucket("s3://artifacts/" + strings.ToLower(rand.Text()) + "?region=eu-west-1")
			require.NoError(t, err)
			return bucket
		},
	}
}

// TestConformance holds what any place for artifacts must do.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, fresh := range choices(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("objects", func(t *testing.T) { t.Parallel(); conformObjects(t, fresh(t)) })
			t.Run("many", func(t *testing.T) { t.Parallel(); conformMany(t, fresh(t)) })
			t.Run("at once", func(t *testing.T) { t.Parallel(); conformAtOnce(t, fresh(t)) })
			t.Run("archives", func(t *testing.T) { t.Parallel(); conformArchives(t, fresh(t)) })
			t.Run("snapshots", func(t *testing.T) { t.Parallel(); conformSnapshots(t, fresh(t)) })
			t.Run("records", func(t *testing.T) { t.Parallel(); conformRecords(t, fresh(t)) })
		})
	}
}

func conformObjects(t *testing.T, o objects) {
	t.Helper()
	ctx := t.Context()
	_, err := o.Read(ctx, "archives/none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.NoError(t, o.Remove(ctx, "archives/none"), "what is gone can be removed")
	keys, err := o.List(ctx, "archives/")
	require.NoError(t, err)
	require.Empty(t, keys)

	whole := bytes.Repeat([]byte{0, 1, 0xff, '\n'}, 300_000)
	for _, content := range [][]byte{[]byte("one"), whole, {}, []byte("two")} {
		require.NoError(t, o.Write(ctx, "a/b/c", content))
		read, err := o.Read(ctx, "a/b/c")
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, read), "it is replaced, byte by byte")
	}
	for _, key := range []string{"a/b.json", "a/b/d", "ab/c", "a/%2F+ö.json"} {
		require.NoError(t, o.Write(ctx, key, []byte(key)))
	}
	keys, err = o.List(ctx, "a/")
	require.NoError(t, err)
	require.Equal(t, []string{"a/%2F+ö.json", "a/b.json", "a/b/c", "a/b/d"}, keys, "sorted, below the prefix alone")
	keys, err = o.List(ctx, "a/b")
	require.NoError(t, err)
	require.Equal(t, []string{"a/b.json", "a/b/c", "a/b/d"}, keys, "a prefix may end in a name")
	for _, key := range []string{"a/%2F+ö.json"} {
		read, err := o.Read(ctx, key)
		require.NoError(t, err)
		require.Equal(t, key, string(read))
	}
	require.NoError(t, o.Remove(ctx, "a/b/c"))
	_, err = o.Read(ctx, "a/b/c")
	require.ErrorIs(t, err, aegis.ErrNotFound)

	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := o.Read(ended, "ab/c"); err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func conformMany(t *testing.T, o objects) {
	t.Helper()
	const many = 1003 // more than one page of a bucket
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := worker; i < many; i += 4 {
				if err := o.Write(t.Context(), fmt.Sprintf("many/%04d", i), []byte{1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	keys, err := o.List(t.Context(), "many/")
	require.NoError(t, err)
	require.Len(t, keys, many)
	require.IsIncreasing(t, keys)
}

func conformAtOnce(t *testing.T, o objects) {
	t.Helper()
	contents := [][]byte{bytes.Repeat([]byte("a"), 200_000), bytes.Repeat([]byte("b"), 100_000)}
	require.NoError(t, o.Write(t.Context(), "x/y", contents[0]))
	var group sync.WaitGroup
	for _, content := range contents {
		group.Go(func() {
			for range 10 {
				if err := o.Write(t.Context(), "x/y", content); err != nil {
					t.Error(err)
				}
				read, err := o.Read(t.Context(), "x/y")
				if err != nil || !bytes.Equal(read, contents[0]) && !bytes.Equal(read, contents[1]) {
					t.Errorf("read %d bytes of a mixture: %v", len(read), err)
				}
			}
		})
	}
	group.Wait()
	keys, err := o.List(t.Context(), "x/")
	require.NoError(t, err)
	require.Equal(t, []string{"x/y"}, keys, "nothing unfinished is listed")
}

// conformArchives keeps archives as the engine does, sealed, with a database
// that had some before.
func conformArchives(t *testing.T, o objects) {
	t.Helper()
	db, key := pgtest.Open(t), bytes.Repeat([]byte{7}, 32)
	old, sealed := engine.SealedArchives(key, db), engine.SealedArchives(key, artifacts.Archives{Objects: o, Before: db})
	digest := strings.Repeat("ab", 32)
	require.NoError(t, old.SaveArchive(t.Context(), "before", []byte("kept before")))
	require.NoError(t, sealed.SaveArchive(t.Context(), digest, []byte(`password = "hunter2"`)))
	for range 2 {
		require.NoError(t, sealed.SaveArchive(t.Context(), digest, []byte(`password = "hunter2"`)), "the same one twice is one")
	}
	for name, want := range map[string]string{digest: `password = "hunter2"`, "before": "kept before"} {
		read, err := sealed.Archive(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, string(read))
	}
	_, err := sealed.Archive(t.Context(), "none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	_, err = db.Archive(t.Context(), digest)
	require.ErrorIs(t, err, aegis.ErrNotFound, "the database does not get it too")
	requireNoSecret(t, o)
}

func requireNoSecret(t *testing.T, o objects) {
	t.Helper()
	keys, err := o.List(t.Context(), "")
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		data, err := o.Read(t.Context(), key)
		require.NoError(t, err)
		require.NotContains(t, string(data), "hunter2", key)
	}
}

func conformSnapshots(t *testing.T, o objects) {
	t.Helper()
	db := pgtest.Open(t)
	s := artifacts.Snapshots{Objects: o, Before: db}
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.FixedZone("east", 3600))
	save := func(stack string, n int, content string) {
		require.NoError(t, s.SaveSnapshot(t.Context(), stack, at.Add(time.Duration(n)*time.Microsecond), []byte(content), 3))
	}
	newest := func(stack string, limit int) (found []string) {
		all, err := s.Snapshots(t.Context(), stack, limit)
		require.NoError(t, err)
		for _, one := range all {
			found = append(found, string(one))
		}
		return found
	}
	require.NoError(t, db.SaveSnapshot(t.Context(), "dev.net.eu", at.Add(-time.Hour), []byte("before"), 3))
	require.Equal(t, []string{"before"}, newest("dev.net.eu", 2))
	for n, content := range []string{"0", "1", "2", "3"} {
		save("dev.net.eu", n, content)
	}
	save("dev.net.eu", 3, "3 again")
	save("dev.net.eu-west", 9, "another stack's")
	require.Equal(t, []string{"3 again", "2"}, newest("dev.net.eu", 2))
	require.Equal(t, []string{"3 again", "2", "1", "before"}, newest("dev.net.eu", 9), "three are kept here, and what was before is found")
	require.Empty(t, newest("none", 1))
	save("a/../../b", 0, "a strange name")
	require.Equal(t, []string{"a strange name"}, newest("a/../../b", 1))
	keys, err := o.List(t.Context(), "snapshots/")
	require.NoError(t, err)
	require.Len(t, keys, 5)
}

// fakeHistory has one change set and its trace.
type fakeHistory struct{}

func (fakeHistory) ChangeSet(_ context.Context, id string) (aegis.AutonomousChangeSet, error) {
	if id != "cs-1" {
		return aegis.AutonomousChangeSet{}, aegis.ErrNotFound
	}
	return aegis.AutonomousChangeSet{ChangeSetID: "cs-1", TraceID: "trace-1", PlanDigests: map[string]string{"a": "b"}}, nil
}

func (fakeHistory) Trace(_ context.Context, id string) (aegis.TaskTrace, error) {
	return aegis.TaskTrace{TraceID: id, Outcome: "promoted"}, nil
}

func conformRecords(t *testing.T, o objects) {
	t.Helper()
	at := time.Date(2026, 11, 26, 23, 30, 0, 0, time.FixedZone("west", -3600))
	r := artifacts.Records{Objects: o, History: fakeHistory{}}
	events := []aegis.Event{
		{Seq: 1, Kind: "change_set", ID: "cs-1", Type: "change_set.applying", At: at},
		{Seq: 2, Kind: "goal", ID: "cs-1", Type: "change_set.promoted", At: at},
		{Seq: 3, Kind: "change_set", ID: "cs-gone", Type: "change_set.denied", At: at},
	}
	require.NoError(t, r.Send(t.Context(), events))
	keys, err := o.List(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, keys, "nothing has ended")
	events = append(events, aegis.Event{Seq: 4, Kind: "change_set", ID: "cs-1", Type: "change_set.promoted", At: at})
	for range 2 { // events come at least once
		require.NoError(t, r.Send(t.Context(), events))
	}
	keys, err = o.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []string{"change-sets/2026/11/27/cs-1.json", "traces/2026/11/27/trace-1.json"}, keys)
	text, err := o.Read(t.Context(), keys[0])
	require.NoError(t, err)
	require.Contains(t, string(text), `"plan_digests":{"a":"b"}`)
	text, err = o.Read(t.Context(), keys[1])
	require.NoError(t, err)
	require.Contains(t, string(text), `"outcome":"promoted"`)
}

var (
	_ engine.ArchiveStore  = artifacts.Archives{}
	_ engine.SnapshotStore = artifacts.Snapshots{}
	_ engine.SnapshotStore = (*postgres.DB)(nil)
)

func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	folder, err := artifacts.OpenFolder(t.TempDir())
	require.NoError(t, err)
	for _, key := range []string{"", ".", "..", "../a", "a/../../b", "/etc/passwd", "a//b", "a/.new-1", "a/"} {
		_, err := folder.Read(t.Context(), key)
		require.ErrorIs(t, err, aegis.ErrInvalid, key)
		require.ErrorIs(t, folder.Write(t.Context(), key, nil), aegis.ErrInvalid, key)
		require.ErrorIs(t, folder.Remove(t.Context(), key), aegis.ErrInvalid, key)
	}
	_, err = folder.List(t.Context(), "../")
	require.ErrorIs(t, err, aegis.ErrInvalid)
}
