package e2e_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/hotstate/redistest"
	"github.com/aegisworld/aegis/internal/searchindex/searchtest"
)

// stored is a server whose stores are a bucket, a stream, a Redis and a stand-in
// for OpenSearch.
type stored struct {
	*client.Client

	url, token string
	bucket     *s3.Client
	stream     *kinesis.Client
	redis      *redistest.Server
	search     *searchtest.Server
}

const (
	storesBucket, storesState, storesStream = "aegis-stores-artifacts", "aegis-stores-states", "aegis-stores-events"
	storesPrefix                            = "control/"
)

// startStored makes the stores in the account of p and starts `aegis serve` on
// them, with a database of its own.
func startStored(ctx context.Context, t *testing.T, p *e2e.Process) *stored {
	t.Helper()
	cfg := admin(p, "us-east-1")
	s := &stored{
		bucket: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), stream: kinesis.NewFromConfig(cfg),
		redis: redistest.Start(t), search: searchtest.StartFor(t, "us-east-1", p.AWSAccessKeyID, p.AWSSecretAccessKey), token: "aegis_" + strings.Repeat("7f3a", 16),
	}
	for _, bucket := range []string{storesBucket, storesState} {
		_, err := s.bucket.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
		require.NoError(t, err)
	}
	_, err := s.stream.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String(storesStream), ShardCount: aws.Int32(2)})
	require.NoError(t, err)
	require.NoError(t, kinesis.NewStreamExistsWaiter(s.stream).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String(storesStream)}, patience))
	described, err := s.stream.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(storesStream)})
	require.NoError(t, err)
	arn := *described.StreamDescriptionSummary.StreamARN

	s.url = serve(ctx, t, p, "stores", s.token, map[string]any{
		"aws": map[string]any{"account_id": strings.Split(arn, ":")[4], "endpoint": p.AWSEndpoint},
		"stores": map[string]any{
			"artifacts": map[string]any{"url": "s3://" + storesBucket + "/" + strings.TrimSuffix(storesPrefix, "/") + "?region=us-east-1"},
			"events":    map[string]any{"kinesis_arn": arn},
			"hot":       map[string]any{"redis_url": s.redis.URL, "password_file": s.redis.PasswordFile},
			"telemetry": map[string]any{"opensearch_url": s.search.URL, "region": "us-east-1"},
		},
	})
	s.Client = client.New(s.url, s.token)
	require.NoError(t, e2e.Await(ctx, "the server to be ready", func(ctx context.Context) (bool, error) {
		return s.status(ctx, t, http.MethodGet, "/readyz", "", nil) == http.StatusOK, nil
	}))
	return s
}

// serve starts `aegis serve` for an environment without an estate, in the account of
// p and with a database of its own, and returns its URL. More is configuration.
func serve(ctx context.Context, t *testing.T, p *e2e.Process, environment, token string, more map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	config := map[string]any{
		"addr": addr, "environment": environment, "work_dir": filepath.Join(dir, "work"), "estate": map[string]any{"size": "none"},
		"database": map[string]any{"url": newDatabase(ctx, t, p, environment)},
		"pulumi":   map[string]any{"passphrase_file": secretFile(t, dir, "passphrase", "correct horse battery staple")},
		"api":      map[string]any{"admin_token_file": secretFile(t, dir, "token", token)},
	}
	maps.Copy(config, more)
	text, err := json.Marshal(config) // which is YAML, too
	require.NoError(t, err)
	log := &syncBuffer{}
	cmd := exec.Command(binary(), "serve", "--config", secretFile(t, dir, "aegis.yaml", string(text))) //nolint:noctx // it is ended below
	cmd.Env = env("AWS_ACCESS_KEY_ID="+p.AWSAccessKeyID, "AWS_SECRET_ACCESS_KEY="+p.AWSSecretAccessKey)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("the server ended: %v\n%s", err, log.tail())
		}
	})
	return "http://" + addr
}

// newDatabase makes a database beside the sandbox's own.
func newDatabase(ctx context.Context, t *testing.T, p *e2e.Process, name string) string {
	t.Helper()
	conn, err := pgx.Connect(ctx, p.DatabaseURL)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
	u, err := url.Parse(p.DatabaseURL)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

func secretFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// status is that of the answer to one request, which is not tried again; 0 is no
// answer.
func (s *stored) status(ctx context.Context, t *testing.T, method, path, key string, body any) int {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// objects are the keys below a prefix of the artifacts.
func (s *stored) objects(ctx context.Context, t *testing.T, prefix string) (keys []string) {
	t.Helper()
	out, err := s.bucket.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(storesBucket), Prefix: aws.String(storesPrefix + prefix)})
	require.NoError(t, err)
	for _, object := range out.Contents {
		keys = append(keys, *object.Key)
	}
	return keys
}

func (s *stored) object(ctx context.Context, t *testing.T, key string) []byte {
	t.Helper()
	out, err := s.bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(storesBucket), Key: &key})
	require.NoError(t, err)
	body, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	return body
}

// awaitRecord waits for the one object whose key has prefix and id.
func (s *stored) awaitRecord(ctx context.Context, t *testing.T, prefix, id string) []byte {
	t.Helper()
	var key string
	require.NoError(t, e2e.Await(ctx, prefix+" of "+id, func(ctx context.Context) (bool, error) {
		keys := slices.DeleteFunc(s.objects(ctx, t, prefix), func(key string) bool { return !strings.HasSuffix(key, "/"+id+".json") })
		if len(keys) > 1 {
			return false, fmt.Errorf("%w: %v", errUnexpected, keys)
		}
		key = strings.Join(keys, "")
		return key != "", nil
	}))
	return s.object(ctx, t, key)
}

// streamed are the events in the stream, by their numbers.
func (s *stored) streamed(ctx context.Context, t *testing.T) map[int64]aegis.Event {
	t.Helper()
	found := map[int64]aegis.Event{}
	shards, err := s.stream.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String(storesStream)})
	require.NoError(t, err)
	for _, shard := range shards.Shards {
		at, err := s.stream.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName: aws.String(storesStream), ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		require.NoError(t, err)
		for next := at.ShardIterator; next != nil; {
			page, err := s.stream.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
			require.NoError(t, err)
			for _, record := range page.Records {
				var event aegis.Event
				require.NoError(t, json.Unmarshal(record.Data, &event))
				found[event.Seq] = event
			}
			if next = page.NextShardIterator; len(page.Records) == 0 {
				break
			}
		}
	}
	return found
}

// awaitEvents waits until stream and index have all events that the API has so
// far, the last of which is of type last.
func (s *stored) awaitEvents(ctx context.Context, t *testing.T, id, last string) {
	t.Helper()
	var told []aegis.Event
	require.NoError(t, s.Follow(ctx, 0, func(event aegis.Event) error {
		if told = append(told, event); event.ID == id && event.Type == last {
			return client.ErrStop
		}
		return nil
	}))
	require.NoError(t, e2e.Await(ctx, "the stream to have what the API has", func(ctx context.Context) (bool, error) {
		got := s.streamed(ctx, t)
		return !slices.ContainsFunc(told, func(event aegis.Event) bool {
			return got[event.Seq].ID != event.ID || got[event.Seq].Type != event.Type
		}), nil
	}))
}

// targz is an archive of one file.
func targz(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
	_, err := files.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, files.Close())
	require.NoError(t, zipped.Close())
	return b.Bytes()
}

// TestStoresOfTheEstate has a server keep artifacts in a bucket, events in a
// stream and an index that is away for a while, and idempotency keys in a Redis
// that goes away and forgets.
func TestStoresOfTheEstate(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := startStored(ctx, t, start(t))

	const secret = "not-for-the-bucket"
	_, err := s.AdoptStack(ctx, client.Adoption{
		StackID: "dns", Environment: "stores", Region: "us-east-1", Mode: aegis.ModeManage,
		Source: client.AdoptionSource{
			BackendConfig: map[string]string{"bucket": storesState, "region": "us-east-1"},
			Archive: targz(t, "main.tf", `
terraform {
  backend "s3" { key = "dns" }
}
variable "v" { default = 1 } # `+secret+`
resource "terraform_data" "a" { input = var.v }
`),
		},
	})
	require.NoError(t, err)
	archives := s.objects(ctx, t, "archives/")
	require.Len(t, archives, 1)
	require.NotContains(t, string(s.object(ctx, t, archives[0])), secret, "an archive is encrypted")
	require.NoError(t, e2e.Await(ctx, "the workspace to be read", func(ctx context.Context) (bool, error) {
		stack, err := s.Stack(ctx, "dns")
		return stack.LastReconciledAt != nil, err
	}))

	cs, err := s.SetStackVariables(ctx, "dns", client.VariableChange{MergePatch: map[string]any{"v": json.Number("2")}})
	require.NoError(t, err)
	cs = ended(ctx, t, s.Client, cs.ChangeSetID)
	require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
	var record aegis.AutonomousChangeSet
	require.NoError(t, json.Unmarshal(s.awaitRecord(ctx, t, "change-sets/", cs.ChangeSetID), &record))
	require.Equal(t, cs, record)
	var trace aegis.TaskTrace
	require.NoError(t, json.Unmarshal(s.awaitRecord(ctx, t, "traces/", cs.TraceID), &trace))
	require.Equal(t, cs.ChangeSetID, trace.ChangeSetID)
	require.NotEmpty(t, trace.Steps)
	require.NotEmpty(t, s.objects(ctx, t, "snapshots/dns/"), "the state before the change")
	s.awaitEvents(ctx, t, cs.ChangeSetID, "change_set.promoted")
	require.Equal(t, cs.ChangeSetID, s.search.Documents("aegis.stores.traces-*")[cs.TraceID]["change_set_id"])
	require.Equal(t, "allowed", s.search.Documents("aegis.stores.decisions-*")[cs.DecisionID]["outcome"])

	// Without Redis a request that must not be done twice is put off; the rest goes on.
	goal := aegis.GoalSpec{Intent: "set setting stores to yes in us-east-1"}
	key := "4a1d6e0c-stores"
	require.Equal(t, http.StatusAccepted, s.status(ctx, t, http.MethodPost, "/v1/goals", key, goal))
	require.Equal(t, http.StatusAccepted, s.status(ctx, t, http.MethodPost, "/v1/goals", key, goal))
	goals, err := s.Goals(ctx, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, goals.Items, 1, "the key made both requests one")
	s.search.Fail(func(string) int { return http.StatusServiceUnavailable })
	s.redis.Stop()
	require.Equal(t, http.StatusServiceUnavailable, s.status(ctx, t, http.MethodPost, "/v1/goals", "another-key", goal))
	require.Equal(t, http.StatusAccepted, s.status(ctx, t, http.MethodPost, "/v1/goals", "", goal))
	goals, err = s.Goals(ctx, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, goals.Items, 2, "what was answered 503 was not begun")
	s.search.Fail(nil)
	s.awaitEvents(ctx, t, goals.Items[0].GoalID, "goal.accepted")
	s.redis.Restart(t)
	require.NoError(t, e2e.Await(ctx, "Redis to be found again", func(ctx context.Context) (bool, error) {
		return s.status(ctx, t, http.MethodPost, "/v1/goals", "another-key", goal) == http.StatusAccepted, nil
	}))
	goals, err = s.Goals(ctx, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, goals.Items, 3)
}
