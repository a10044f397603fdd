package stacks

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// eventsName is what the rule and the queue are called.
	eventsName = "cloudtrail"
	// eventsKept and deadKept are how long messages wait, in seconds: 4 and 14 days.
	eventsKept = 4 * 24 * 3600
	deadKept   = 14 * 24 * 3600
	// eventsHidden is how long a received message is hidden from other pollers, in
	// seconds, and eventsTries how often it is received before it is put aside.
	eventsHidden = 60
	eventsTries  = 5
)

// cloudEvents declares the way by which the autopilot hears of changes that
// others make: a rule that sends CloudTrail's management events about writes
// to a queue, and a queue for messages that can't be read.
func cloudEvents(s *stack) error {
	dead, err := sqs.NewQueue(s.ctx, eventsName+"-dead", &sqs.QueueArgs{
		Name:                    pulumi.String(s.local(eventsName + "-dead")),
		MessageRetentionSeconds: pulumi.Int(deadKept),
		SqsManagedSseEnabled:    pulumi.Bool(true),
	}, s.opts()...)
	if err != nil {
		return err
	}
	policy, err := eventsQueuePolicy(s).json()
	if err != nil {
		return err
	}
	// The policy is a part of the queue: the provider waits for half a minute
	// after each call that sets attributes.
	queue, err := sqs.NewQueue(s.ctx, eventsName, &sqs.QueueArgs{
		Name:                     pulumi.String(s.local(eventsName)),
		MessageRetentionSeconds:  pulumi.Int(eventsKept),
		VisibilityTimeoutSeconds: pulumi.Int(eventsHidden),
		SqsManagedSseEnabled:     pulumi.Bool(true),
		RedrivePolicy:            pulumi.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":%d}`, dead.Arn, eventsTries),
		Policy:                   pulumi.String(policy),
	}, s.opts()...)
	if err != nil {
		return err
	}
	pattern, err := eventsPattern()
	if err != nil {
		return err
	}
	rule, err := cloudwatch.NewEventRule(s.ctx, eventsName, &cloudwatch.EventRuleArgs{
		Name:         pulumi.String(s.local(eventsName)),
		Description:  pulumi.String("Changes that CloudTrail tells of, for the autopilot"),
		EventPattern: pulumi.String(pattern),
	}, s.opts()...)
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewEventTarget(s.ctx, eventsName, &cloudwatch.EventTargetArgs{
		Rule: rule.Name, TargetId: pulumi.String("autopilot"), Arn: queue.Arn,
	}, s.opts()...)
	if err != nil {
		return err
	}
	s.output("event_queue_url", queue.Url)
	return nil
}

// eventsPattern asks for calls that changed something. Sessions are none.
func eventsPattern() (string, error) {
	text, err := json.Marshal(map[string]any{
		"source":      []any{map[string]any{"anything-but": []string{"aws.sts", "aws.signin"}}},
		"detail-type": []string{"AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"},
		"detail": map[string]any{
			"readOnly":  []bool{false},
			"errorCode": []any{map[string]any{"exists": false}},
		},
	})
	if err != nil {
		return "", fmt.Errorf("encode event pattern: %w", err)
	}
	return string(text), nil
}

// eventsQueuePolicy lets the rule alone send, so that nobody makes events up,
// and the executor alone receive, so that nobody takes them away.
func eventsQueuePolicy(s *stack) document {
	queue, rule := s.arn("sqs", s.local(eventsName)), s.arn("events", "rule/"+s.local(eventsName))
	return document{
		{
			Sid: "Rule", Effect: "Allow", Principal: principal{"Service": "events.amazonaws.com"},
			Action: []string{"sqs:SendMessage"}, Resource: []string{queue},
			Condition: condition{"ArnEquals": {"aws:SourceArn": rule}},
		},
		{
			Sid: "OnlyRule", Effect: "Deny", Principal: principal{"AWS": "*"},
			Action: []string{"sqs:SendMessage"}, Resource: []string{queue},
			Condition: condition{"ArnNotEquals": {"aws:SourceArn": rule}},
		},
		{
			Sid: "OnlyExecutor", Effect: "Deny", Principal: principal{"AWS": "*"},
			Action:    []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage"},
			Resource:  []string{queue},
			Condition: condition{"ArnNotEquals": {"aws:PrincipalArn": s.iamARN("role/" + s.inAccount(executorRole))}},
		},
	}
}
