package sandbox

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// eventsName is what the account's own event queues and rules are called.
const eventsName = "sandbox-cloudtrail"

// EventQueues makes, as the account's administrator, what layer security makes
// with cloud_events in each region: a rule that sends what CloudTrail tells of
// writes to a queue, and a dead-letter queue. It takes a moment, where the
// engine's provider waits for a minute. It returns the queues' URLs by region.
func (a *Account) EventQueues(ctx context.Context) (map[string]string, error) {
	urls := map[string]string{}
	for _, region := range a.Regions {
		url, err := a.eventQueue(ctx, aws.Config{
			Region: region, BaseEndpoint: &a.AWSEndpoint,
			Credentials: credentials.NewStaticCredentialsProvider(a.AdminAccessKeyID, a.AdminSecretAccessKey, ""),
		})
		if err != nil {
			return nil, fmt.Errorf("make the event queue of %s: %w", region, err)
		}
		urls[region] = url
	}
	return urls, nil
}

func (a *Account) eventQueue(ctx context.Context, cfg aws.Config) (string, error) {
	queues, bus := sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	queueARN := "arn:aws:sqs:" + cfg.Region + ":" + a.AccountID + ":" + eventsName
	ruleARN := "arn:aws:events:" + cfg.Region + ":" + a.AccountID + ":rule/" + eventsName
	if _, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(eventsName + "-dead")}); err != nil {
		return "", fmt.Errorf("create the dead-letter queue: %w", err)
	}
	attributes := map[string]string{"VisibilityTimeout": "60"}
	for name, value := range map[string]any{
		"RedrivePolicy": map[string]any{"deadLetterTargetArn": queueARN + "-dead", "maxReceiveCount": 5},
		"Policy": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]string{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
			"Resource": queueARN, "Condition": map[string]any{"ArnEquals": map[string]string{"aws:SourceArn": ruleARN}},
		}}},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return "", fmt.Errorf("encode %s: %w", name, err)
		}
		attributes[name] = string(text)
	}
	made, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(eventsName), Attributes: attributes})
	if err != nil {
		return "", fmt.Errorf("create the queue: %w", err)
	}
	_, err = bus.PutRule(ctx, &eventbridge.PutRuleInput{
		Name:         aws.String(eventsName),
		EventPattern: aws.String(`{"detail-type":["AWS API Call via CloudTrail"],"detail":{"readOnly":[false],"errorCode":[{"exists":false}]}}`),
	})
	if err != nil {
		return "", fmt.Errorf("put the rule: %w", err)
	}
	_, err = bus.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: aws.String(eventsName), Targets: []ebtypes.Target{{Id: aws.String("autopilot"), Arn: &queueARN}},
	})
	if err != nil {
		return "", fmt.Errorf("put the rule's target: %w", err)
	}
	return aws.ToString(made.QueueUrl), nil
}
