package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

const streamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"

// refusing is a stream that refuses records as it is told to.
func refusing(t *testing.T, refuse func(call, record int) bool) (*EventStream, *[][]string) {
	t.Helper()
	var calls [][]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Records []struct{ PartitionKey string }
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &in)
		var keys, answers []string
		for i, record := range in.Records {
			if keys = append(keys, record.PartitionKey); refuse(len(calls), i) {
				answers = append(answers, `{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"slow down"}`)
			} else {
				answers = append(answers, `{"SequenceNumber":"1","ShardId":"shardId-000000000000"}`)
			}
		}
		calls = append(calls, keys)
		_, _ = fmt.Fprintf(w, `{"FailedRecordCount":0,"Records":[%s]}`, strings.Join(answers, ","))
	}))
	t.Cleanup(server.Close)
	c, err := New(t.Context(), Config{
		Endpoint: server.URL, Regions: []string{"us-east-1"}, AccountID: "123456789012", BaseAccessKeyID: "a", BaseSecretAccessKey: "b",
	})
	require.NoError(t, err)
	stream, err := c.EventStream(streamARN)
	require.NoError(t, err)
	stream.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return stream, &calls
}

func TestEventStreamSendsAgainWhatWasRefused(t *testing.T) {
	t.Parallel()
	stream, calls := refusing(t, func(call, record int) bool { return call == 0 && record == 1 })
	events := []aegis.Event{{Kind: "goal", ID: "a"}, {Kind: "goal", ID: "b"}, {Kind: "goal", ID: "b"}, {Kind: "goal", ID: "c"}}
	require.NoError(t, stream.Send(t.Context(), events))
	require.Equal(t, [][]string{{"goal/a", "goal/b", "goal/c"}, {"goal/b"}, {"goal/b"}}, *calls,
		"b's second event waits until its first is there")
}

func TestEventStreamGivesUpForNow(t *testing.T) {
	t.Parallel()
	stream, calls := refusing(t, func(int, int) bool { return true })
	err := stream.Send(t.Context(), []aegis.Event{{Kind: "goal", ID: "a"}})
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	require.ErrorContains(t, err, "ProvisionedThroughputExceededException")
	require.Len(t, *calls, streamTries)
}

func TestEventStreamRefusesOtherAccounts(t *testing.T) {
	t.Parallel()
	require.NoError(t, CheckStream(streamARN, "123456789012"))
	require.ErrorContains(t, CheckStream(streamARN, "210987654321"), "another account")
	for _, bad := range []string{"", "events", "arn:aws:sqs:us-east-1:123456789012:events", streamARN + "/x"} {
		require.ErrorIs(t, CheckStream(bad, ""), aegis.ErrInvalid, bad)
	}
}

func TestEventRecordFits(t *testing.T) {
	t.Parallel()
	event := aegis.Event{Seq: 7, Kind: "stack", ID: "a", Data: json.RawMessage(`"` + strings.Repeat("x", 2<<20) + `"`)}
	data, err := record(event)
	require.NoError(t, err)
	require.Less(t, len(data), 1000)
	require.Contains(t, string(data), `"truncated":true,"bytes":2097154`)
	require.LessOrEqual(t, len([]rune(partition(aegis.Event{ID: strings.Repeat("ö", 400)}))), 256)
}

// TestWaves holds that no record is lost or doubled, that a request is within
// bounds and has one record of a key at most, and that keys keep their order.
func TestWaves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var records []types.PutRecordsRequestEntry
		for i, key := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 30).Draw(t, "keys") {
			size := rapid.SampledFrom([]int{1, 400_000, streamRecordBytes - 10}).Draw(t, "size")
			data := fmt.Appendf(nil, "%08d", i)
			records = append(records, types.PutRecordsRequestEntry{PartitionKey: aws.String(key), Data: append(data, make([]byte, size)...)})
		}
		last, count := map[string]string{}, 0
		for rest := records; len(rest) > 0; {
			var wave []types.PutRecordsRequestEntry
			wave, rest = nextWave(rest)
			require.NotEmpty(t, wave)
			require.LessOrEqual(t, len(wave), streamRecords)
			seen, size := map[string]bool{}, 0
			for _, r := range wave {
				require.False(t, seen[*r.PartitionKey])
				seen[*r.PartitionKey] = true
				require.Greater(t, string(r.Data[:8]), last[*r.PartitionKey])
				last[*r.PartitionKey] = string(r.Data[:8])
				size += len(r.Data) + 1
				count++
			}
			require.LessOrEqual(t, size, streamBytes)
		}
		require.Equal(t, len(records), count)
	})
}
