package cloud

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

const (
	// receiveWait is how long one call waits for messages, receiveMost how many
	// it takes; both are the most that SQS allows.
	receiveWait = 20
	receiveMost = 10
	// queuePause is the time until a queue that is not there, or can't be read,
	// is tried again.
	queuePause = 15 * time.Second
	// deleteTime bounds the deletion of messages after ctx has ended.
	deleteTime = 5 * time.Second
)

// EventQueues are the queues that EventBridge fills, one a region, and who
// takes their messages.
type EventQueues struct {
	// URLs are queues by region; a region without one has the queue that layer
	// security makes, once it is there.
	URLs map[string]string
	// Take keeps the events of a message. Without an error the message is deleted;
	// with one it comes again, and in the end goes to the dead-letter queue.
	Take func(ctx context.Context, body []byte) error
}

// EventQueueName is the name of the queue that layer security makes.
func EventQueueName(environment string) string { return "aegis-" + environment + "-cloudtrail" }

// PollEvents takes messages from the queues of all regions until ctx ends. A
// region whose queue can't be read is tried again and keeps up no other.
func (c *Cloud) PollEvents(ctx context.Context, queues EventQueues) error {
	var group errgroup.Group
	for _, region := range c.cfg.Regions {
		group.Go(func() error {
			c.pollRegion(ctx, region, queues)
			return nil
		})
	}
	return group.Wait()
}

func (c *Cloud) pollRegion(ctx context.Context, region string, queues EventQueues) {
	client, url, last := c.queueClient(region), queues.URLs[region], ""
	for ctx.Err() == nil {
		err := c.pollQueue(ctx, client, &url, queues.Take)
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != last {
			last = err.Error()
			c.cfg.Logger.WarnContext(ctx, "event queue can't be read", "region", region, "error", err)
		}
		if queues.URLs[region] == "" {
			url = "" // it may have been made anew
		}
		select {
		case <-ctx.Done():
		case <-time.After(queuePause):
		}
	}
}

// pollQueue finds the queue and takes its messages until something fails. A
// queue that is not there yet is no error.
func (c *Cloud) pollQueue(ctx context.Context, client *sqs.Client, url *string, take func(context.Context, []byte) error) error {
	if *url == "" {
		found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(EventQueueName(c.cfg.Environment))})
		if _, missing := errors.AsType[*types.QueueDoesNotExist](err); missing || denied(err) {
			c.cfg.Logger.DebugContext(ctx, "no event queue yet", "error", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("find the event queue: %w", err)
		}
		*url = aws.ToString(found.QueueUrl)
		c.cfg.Logger.InfoContext(ctx, "event queue found", "url", *url)
	}
	for {
		got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: receiveMost, WaitTimeSeconds: receiveWait,
		})
		if err != nil {
			return fmt.Errorf("receive messages: %w", err)
		}
		if err := c.takeMessages(ctx, client, *url, got.Messages, take); err != nil {
			return err
		}
	}
}

// takeMessages keeps what the messages hold and then, not before, deletes
// those that were kept.
func (c *Cloud) takeMessages(
	ctx context.Context, client *sqs.Client, url string, messages []types.Message, take func(context.Context, []byte) error,
) error {
	if len(messages) == 0 {
		return nil
	}
	kept := make([]bool, len(messages))
	var group errgroup.Group
	for i, m := range messages {
		group.Go(func() error {
			if err := take(ctx, []byte(aws.ToString(m.Body))); err != nil {
				c.cfg.Logger.WarnContext(ctx, "event message not taken", "message_id", aws.ToString(m.MessageId), "error", err)
				return nil
			}
			kept[i] = true
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	var entries []types.DeleteMessageBatchRequestEntry
	for i, m := range messages {
		if kept[i] {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	if _, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries}); err != nil {
		return fmt.Errorf("delete messages: %w", err)
	}
	return nil
}

// queueClient is a client whose sessions may read the region's event queue and
// nothing else.
func (c *Cloud) queueClient(region string) *sqs.Client {
	keys := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		return c.queueSession(ctx, region)
	}))
	return sqs.NewFromConfig(c.base, func(o *sqs.Options) { o.Region, o.Credentials = region, keys })
}

func (c *Cloud) queueSession(ctx context.Context, region string) (aws.Credentials, error) {
	account, err := c.AccountID(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	inline, err := document([]statement{{
		Effect: "Allow", Resource: []string{"arn:aws:sqs:" + region + ":" + account + ":*"},
		Action: []string{"sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"},
	}})
	if err != nil {
		return aws.Credentials{}, err
	}
	request := sessionRequest{
		account: account, environment: c.cfg.Environment, name: "aegis-events", duration: maxSession, inline: inline,
	}
	var found aegis.Credentials
	for _, role := range c.roles(aegis.StackRun{Stack: aegis.Stack{Environment: c.cfg.Environment, Region: region}}, account) {
		request.role = role
		if found, err = c.sessions.get(ctx, request, c.assume); !denied(err) {
			break
		}
		c.missing(role)
	}
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("credentials for the event queue: %w", err)
	}
	return aws.Credentials{
		AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken,
		CanExpire: true, Expires: found.Expires.Add(-expiryMargin), Source: "aegis-events",
	}, nil
}
