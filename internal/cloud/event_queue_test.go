package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/sandbox"
)

// newExecutor makes a region's executor, who may use queues.
func newExecutor(t *testing.T, account *sandbox.Account, region string) {
	t.Helper()
	client, name := iam.NewFromConfig(admin(account, "us-east-1")), "aegis-dev-"+region+"-executor"
	_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole",
		"Condition":{"StringLike":{"sts:RoleSessionName":"aegis-*"}}}}`)})
	require.NoError(t, err)
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("q"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}`)})
	require.NoError(t, err)
}

// newQueue makes the event queue of a region, and its dead-letter queue.
func newQueue(t *testing.T, account *sandbox.Account, region string) (client *sqs.Client, url, dead string) {
	t.Helper()
	client = sqs.NewFromConfig(admin(account, region))
	end, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("dead")})
	require.NoError(t, err)
	redrive, err := json.Marshal(map[string]any{"deadLetterTargetArn": "arn:aws:sqs:" + region + ":123456789012:dead", "maxReceiveCount": 2})
	require.NoError(t, err)
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: aws.String(cloud.EventQueueName("dev")), Attributes: map[string]string{"RedrivePolicy": string(redrive), "VisibilityTimeout": "2"},
	})
	require.NoError(t, err)
	return client, *made.QueueUrl, *end.QueueUrl
}

func TestPollEvents(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	sent := map[string]bool{}
	var east *sqs.Client
	var eastURL, eastDead string
	for _, region := range account.Regions {
		newExecutor(t, account, region)
		client, url, dead := newQueue(t, account, region)
		if region == "us-east-1" {
			east, eastURL, eastDead = client, url, dead
		}
		for i := range 25 {
			body := fmt.Sprintf("%s %d", region, i)
			sent[body] = true
			_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
			require.NoError(t, err)
		}
	}
	_, err := east.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &eastURL, MessageBody: aws.String("poison")})
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	taken, poison, all := map[string]bool{}, 0, make(chan struct{})
	closed := sync.OnceFunc(func() { close(all) })
	done := make(chan error)
	go func() {
		done <- connected.PollEvents(ctx, cloud.EventQueues{Take: func(_ context.Context, body []byte) error {
			mu.Lock()
			defer mu.Unlock()
			bad := string(body) == "poison"
			if bad {
				poison++
			} else {
				taken[string(body)] = true
			}
			if len(taken) == len(sent) && poison > 0 {
				closed()
			}
			if bad {
				return errors.New("can't be read")
			}
			return nil
		}})
	}()
	<-all
	got, err := east.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &eastDead, WaitTimeSeconds: 20})
	require.NoError(t, err)
	require.Len(t, got.Messages, 1)
	require.Equal(t, "poison", *got.Messages[0].Body)
	stop()
	require.NoError(t, <-done)
	require.Equal(t, sent, taken)
	left, err := east.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &eastURL})
	require.NoError(t, err)
	require.Empty(t, left.Messages, "what was taken is deleted")
}

func TestKeysAreRecordedBeforeTheyAreGivenOut(t *testing.T) {
	t.Parallel()
	_, account := newCloud(t)
	var recorded []aegis.IssuedKey
	failing := false
	connected := connect(t, account, sandbox.AccountID, func(c *cloud.Config) {
		c.RecordKey = func(_ context.Context, k aegis.IssuedKey) error {
			if failing {
				return aegis.ErrUnavailable
			}
			recorded = append(recorded, k)
			return nil
		}
	})
	keys, err := connected.Credentials(t.Context(), runOf("eu-west-1", nil))
	require.NoError(t, err)
	last := recorded[len(recorded)-1]
	require.Equal(t, aegis.IssuedKey{AccessKeyID: keys.AccessKeyID, ChangeSetID: "cs-1", ExpiresAt: keys.Expires}, last)
	require.Equal(t, account.AutopilotAccessKeyID, recorded[0].AccessKeyID, "the base identity's own")
	failing = true
	run := runOf("eu-west-1", nil)
	run.ChangeSetID = "cs-2"
	_, err = connected.Credentials(t.Context(), run)
	require.ErrorIs(t, err, aegis.ErrUnavailable, "a key that nobody knows for ours is not used")
}
