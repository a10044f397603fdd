package eventstream_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/pgtest/streamtest"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// choice is a way in which events can be read by others: from the control
// database, where they are anyhow, or from a stream that they are passed on to.
type choice struct {
	streamtest.Source

	// sink is nil where there is nothing to pass on to.
	sink streamtest.Sink
	// read returns all that can be read, in the order of reading.
	read func(t *testing.T) []aegis.Event
}

func TestConformance(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	for name, fresh := range map[string]func(*testing.T) choice{
		"postgres": func(t *testing.T) choice {
			t.Helper()
			source := streamtest.New(t)
			return choice{Source: source, read: func(t *testing.T) []aegis.Event {
				t.Helper()
				var all []aegis.Event
				for after := int64(0); ; after = all[len(all)-1].Seq {
					page, err := source.DB.Events(t.Context(), "", after, 0)
					require.NoError(t, err)
					if all = append(all, page...); len(page) == 0 {
						return all
					}
				}
			}}
		},
		"kinesis": func(t *testing.T) choice { t.Helper(); return kinesisChoice(t, account) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("all events, each object's in order", func(t *testing.T) { t.Parallel(); conformOrder(t, fresh(t)) })
			t.Run("an event is what it was", func(t *testing.T) { t.Parallel(); conformContent(t, fresh(t)) })
			t.Run("nothing is lost by many senders that die", func(t *testing.T) { t.Parallel(); conformDeath(t, fresh(t)) })
		})
	}
}

// kinesisChoice makes a stream of two shards, as the account's administrator.
func kinesisChoice(t *testing.T, account *sandbox.Account) choice {
	t.Helper()
	connected, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: account.Regions, AccountID: sandbox.AccountID,
		BaseAccessKeyID: account.AutopilotAccessKeyID, BaseSecretAccessKey: account.AutopilotSecretAccessKey,
	})
	require.NoError(t, err)
	client := kinesis.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	})
	name := "events-" + strings.ToLower(aegis.NewID("s", time.Now()))
	_, err = client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(2)})
	require.NoError(t, err)
	require.NoError(t, kinesis.NewStreamExistsWaiter(client, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = 50 * time.Millisecond }).
		Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute))
	stream, err := connected.EventStream("arn:aws:kinesis:eu-west-1:" + sandbox.AccountID + ":stream/" + name)
	require.NoError(t, err)
	return choice{Source: streamtest.New(t), sink: stream, read: func(t *testing.T) []aegis.Event {
		t.Helper()
		return readStream(t, client, name)
	}}
}

func readStream(t *testing.T, client *kinesis.Client, name string) (all []aegis.Event) {
	t.Helper()
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name})
	require.NoError(t, err)
	for _, shard := range shards.Shards {
		at, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		require.NoError(t, err)
		for next := at.ShardIterator; next != nil; {
			page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: next})
			require.NoError(t, err)
			for _, record := range page.Records {
				var event aegis.Event
				require.NoError(t, json.Unmarshal(record.Data, &event))
				require.Equal(t, event.Kind+"/"+event.ID, *record.PartitionKey)
				all = append(all, event)
			}
			if next = page.NextShardIterator; len(page.Records) == 0 {
				break
			}
		}
	}
	return all
}

// pass passes everything on, if there is anywhere to.
func (c choice) pass(t *testing.T) {
	t.Helper()
	if c.sink != nil {
		c.Deliver(t, c.sink)
	}
}

func conformOrder(t *testing.T, c choice) {
	t.Helper()
	const objects, each = 7, 9
	for n := range each {
		for o := range objects {
			c.Happen(t, aegis.Event{Kind: "stack", ID: string(rune('a' + o)), Type: "stack.state", Data: json.RawMessage{byte('0' + n)}})
		}
	}
	c.pass(t)
	found := map[string]string{}
	last := map[string]int64{}
	for _, e := range c.read(t) {
		require.Greater(t, e.Seq, last[e.ID], "the events of one object are in order")
		last[e.ID] = e.Seq
		found[e.ID] += string(e.Data)
	}
	require.Len(t, found, objects)
	for id, order := range found {
		require.Equal(t, "012345678", order, id)
	}
}

func conformContent(t *testing.T, c choice) {
	t.Helper()
	was := aegis.Event{
		Kind: "change_set", ID: "cs-1", GoalID: "goal-1", Type: "change_set.promoted",
		Data: json.RawMessage(`{"summary":"ünïcode \u0000 <&>","stack_ids":["a"],"after":"(secret)"}`),
	}
	c.Happen(t, was)
	c.pass(t)
	all := c.read(t)
	require.Len(t, all, 1)
	is := all[0]
	require.Positive(t, is.Seq)
	require.False(t, is.At.IsZero())
	require.JSONEq(t, string(was.Data), string(is.Data))
	is.Seq, is.At, is.Data, was.Data = 0, time.Time{}, nil, nil
	require.Equal(t, was, is)
}

func conformDeath(t *testing.T, c choice) {
	t.Helper()
	if c.sink != nil {
		defer c.Compete(t, c.sink)()
	}
	const many = 40
	c.Happen(t, streamtest.Goals(many)...)
	require.Eventually(t, func() bool {
		seen := map[int64]bool{}
		for _, e := range c.read(t) {
			seen[e.Seq] = true
		}
		return len(seen) == many
	}, time.Minute, 100*time.Millisecond)
}
