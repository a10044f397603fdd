package sandbox_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// makeBus makes a queue and a rule that sends writes to it; the queue's policy
// lets it where allowed.
func makeBus(t *testing.T, cfg aws.Config, name string, allowed bool) (queueURL string) {
	t.Helper()
	queues, bus := sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	queueARN := "arn:aws:sqs:" + cfg.Region + ":123456789012:" + name
	attributes := map[string]string{}
	if allowed {
		attributes["Policy"] = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},
			"Action":"sqs:SendMessage","Resource":%q,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:%s:123456789012:rule/%s"}}}]}`,
			queueARN, cfg.Region, name)
	}
	made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	require.NoError(t, err)
	_, err = bus.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: &name, EventPattern: aws.String(`{"source":["aws.ec2","aws.iam"],"detail":{"readOnly":[false]}}`),
	})
	require.NoError(t, err)
	_, err = bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: &name, Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: &queueARN}},
	})
	require.NoError(t, err)
	return *made.QueueUrl
}

// delivered waits for n events and returns what they tell of.
func delivered(t *testing.T, cfg aws.Config, queueURL string, n int) []string {
	t.Helper()
	var names []string
	for len(names) < n {
		got, err := sqs.NewFromConfig(cfg).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: &queueURL, MaxNumberOfMessages: 10, WaitTimeSeconds: 20,
		})
		require.NoError(t, err)
		require.NotEmpty(t, got.Messages, "waited in vain after %v", names)
		for _, m := range got.Messages {
			var e struct {
				DetailType string `json:"detail-type"`
				Region     string
				Detail     map[string]any
			}
			require.NoError(t, json.Unmarshal([]byte(*m.Body), &e))
			require.Equal(t, "AWS API Call via CloudTrail", e.DetailType)
			require.Equal(t, cfg.Region, e.Region)
			names = append(names, fmt.Sprint(e.Detail["eventName"]))
			_, err := sqs.NewFromConfig(cfg).DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle})
			require.NoError(t, err)
		}
	}
	return names
}

func TestEventsReachQueues(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	east, west := adminConfig(account, "us-east-1"), adminConfig(account, "eu-west-1")
	eastQueue, westQueue, closed := makeBus(t, east, "events", true), makeBus(t, west, "events", true), makeBus(t, west, "closed", false)

	_, err := ec2.NewFromConfig(west).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	require.NoError(t, err)
	_, err = ec2.NewFromConfig(west).DescribeVpcs(t.Context(), nil)
	require.NoError(t, err)
	_, err = sqs.NewFromConfig(west).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("other")})
	require.NoError(t, err)
	_, err = iam.NewFromConfig(west).CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("ann")})
	require.NoError(t, err)
	_, err = ec2.NewFromConfig(west).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d")})
	require.NoError(t, err)

	require.Equal(t, []string{"CreateVpc", "CreateSecurityGroup"}, delivered(t, west, westQueue, 2), "neither reads nor what the rule does not ask for")
	require.Equal(t, []string{"CreateUser"}, delivered(t, east, eastQueue, 1), "global services are booked in us-east-1")
	none, err := sqs.NewFromConfig(west).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &closed})
	require.NoError(t, err)
	require.Empty(t, none.Messages, "the queue's policy lets nobody in")
}
