package front

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

const (
	// maxBusEvent is the largest event that EventBridge carries, in bytes.
	maxBusEvent = 256 << 10
	// deliveryTries is how often a delivery is tried that the emulator does not
	// take, deliveryPause the time between.
	deliveryTries = 5
	deliveryPause = 200 * time.Millisecond
	// deliveryBatch is how many records are read at once.
	deliveryBatch = 500
)

// delivery hands records to the queues that rules of EventBridge name, in the
// order in which they were written, as the service does a moment after a call.
// What it does itself is no call and leaves no record.
type delivery struct {
	front *Front
	// rules are known by region until a call of events or sqs is recorded there.
	rules map[string][]busRule
}

// busRule is an enabled rule of a region's default event bus.
type busRule struct {
	arn     string
	pattern eventPattern
	queues  []busQueue
}

// busQueue is a queue that a rule delivers to.
type busQueue struct {
	region, url string
	// open says that the queue's policy lets the rule send.
	open bool
}

// Deliver delivers what is recorded from New on, until ctx ends.
func (f *Front) Deliver(ctx context.Context) {
	d := &delivery{front: f, rules: map[string][]busRule{}}
	seq := f.delivered
	for ctx.Err() == nil {
		found, changed := f.records.After(seq, deliveryBatch)
		for _, r := range found {
			seq = r.Seq
			d.one(ctx, r.Event)
		}
		if len(found) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// one delivers one record to all queues that want it.
func (d *delivery) one(ctx context.Context, text json.RawMessage) {
	var record map[string]any
	if json.Unmarshal(text, &record) != nil || record["readOnly"] == true {
		return
	}
	region, _ := record["awsRegion"].(string)
	if d.front.byName[region] == nil {
		return
	}
	source, _ := record["eventSource"].(string)
	service, _, _ := strings.Cut(source, ".")
	if service == "events" || service == "sqs" {
		d.rules = map[string][]busRule{}
	}
	var rules []busRule
	err := d.patiently(ctx, func() (err error) {
		rules, err = d.rulesOf(ctx, region)
		return err
	})
	if err != nil {
		d.front.logger.WarnContext(ctx, "read event rules", "region", region, "error", err)
		return
	}
	event := map[string]any{
		"version": "0", "id": newUUID(), "detail-type": "AWS API Call via CloudTrail", "source": "aws." + service,
		"account": d.front.accountID, "time": record["eventTime"], "region": region, "resources": []any{}, "detail": record,
	}
	for _, rule := range rules {
		if rule.pattern.matches(event) {
			d.send(ctx, rule, event)
		}
	}
}

func (d *delivery) send(ctx context.Context, rule busRule, event map[string]any) {
	body, err := json.Marshal(event)
	if err != nil || len(body) > maxBusEvent {
		d.front.logger.WarnContext(ctx, "event not delivered: it is too large", "rule", rule.arn, "bytes", len(body))
		return
	}
	for _, q := range rule.queues {
		if !q.open {
			d.front.logger.WarnContext(ctx, "event not delivered: the queue's policy does not allow it", "rule", rule.arn, "queue", q.url)
			continue
		}
		err := d.patiently(ctx, func() error {
			_, err := d.ask(ctx, q.region, "sqs", "AmazonSQS.SendMessage", map[string]any{"QueueUrl": q.url, "MessageBody": string(body)})
			return err
		})
		if err != nil {
			d.front.logger.WarnContext(ctx, "event not delivered", "rule", rule.arn, "queue", q.url, "error", err)
		}
	}
}

// patiently tries again while the emulator is away.
func (d *delivery) patiently(ctx context.Context, do func() error) error {
	var err error
	for range deliveryTries {
		if err = do(); err == nil {
			return nil
		}
		if wait(ctx, deliveryPause) != nil {
			return err
		}
	}
	return err
}

// rulesOf are the region's rules, asked for once.
func (d *delivery) rulesOf(ctx context.Context, region string) ([]busRule, error) {
	if rules, ok := d.rules[region]; ok {
		return rules, nil
	}
	answer, err := d.ask(ctx, region, "events", "AWSEvents.ListRules", map[string]any{})
	if err != nil {
		return nil, err
	}
	var list struct {
		Rules []struct{ Name, Arn, EventPattern, State string }
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("read event rules: %w", err)
	}
	rules := []busRule{}
	for _, r := range list.Rules {
		pattern, err := parsePattern(r.EventPattern)
		if err != nil || !strings.HasPrefix(r.State, "ENABLED") {
			continue
		}
		queues, err := d.queues(ctx, region, r.Name, r.Arn)
		if err != nil {
			return nil, err
		}
		rules = append(rules, busRule{arn: r.Arn, pattern: pattern, queues: queues})
	}
	d.rules[region] = rules
	return rules, nil
}

// queues are the targets of a rule that are queues.
func (d *delivery) queues(ctx context.Context, region, name, ruleARN string) ([]busQueue, error) {
	answer, err := d.ask(ctx, region, "events", "AWSEvents.ListTargetsByRule", map[string]any{"Rule": name})
	if err != nil {
		return nil, err
	}
	var list struct{ Targets []struct{ Arn string } }
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("read targets of rule %s: %w", name, err)
	}
	var queues []busQueue
	for _, t := range list.Targets {
		parts := strings.Split(t.Arn, ":")
		if len(parts) != 6 || parts[2] != "sqs" || d.front.byName[parts[3]] == nil {
			continue
		}
		q := busQueue{region: parts[3], url: "http://sqs." + parts[3] + ".amazonaws.com/" + parts[4] + "/" + parts[5]}
		if q.open, err = d.maySend(ctx, q, t.Arn, ruleARN); err != nil {
			return nil, err
		}
		queues = append(queues, q)
	}
	return queues, nil
}

// maySend asks the queue's policy. A queue that is not there takes nothing.
func (d *delivery) maySend(ctx context.Context, q busQueue, queueARN, ruleARN string) (bool, error) {
	answer, err := d.ask(ctx, q.region, "sqs", "AmazonSQS.GetQueueAttributes",
		map[string]any{"QueueUrl": q.url, "AttributeNames": []string{"Policy"}})
	if errors.As(err, new(*refusedError)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var got struct{ Attributes struct{ Policy string } }
	if err := json.Unmarshal(answer, &got); err != nil {
		return false, fmt.Errorf("read the policy of queue %s: %w", q.url, err)
	}
	document, err := policy.ParseResource(got.Attributes.Policy)
	if err != nil {
		return false, nil //nolint:nilerr // no policy, or a broken one, allows nothing
	}
	return policy.AllowsService(document, "events.amazonaws.com", policy.Request{
		Action: "sqs:SendMessage", Resource: queueARN,
		Context: policy.Context{"aws:sourcearn": {ruleARN}, "aws:sourceaccount": {d.front.accountID}, "aws:requestedregion": {q.region}},
	}), nil
}

// refusedError is the emulator's refusal of a question.
type refusedError struct {
	action string
	status int
}

func (e *refusedError) Error() string { return fmt.Sprintf("%s answered %d", e.action, e.status) }

// ask makes a JSON call to the region's emulator, for nobody.
func (d *delivery) ask(ctx context.Context, region, service, target string, body map[string]any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", target, err)
	}
	_, action, _ := strings.Cut(target, ".")
	resp, err := d.front.byName[region].do(ctx, wire.Call{
		Protocol: wire.JSON, Service: service, Region: region, Action: action, Method: http.MethodPost, URL: &url.URL{Path: "/"},
		Header: http.Header{"X-Amz-Target": {target}, "Content-Type": {"application/x-amz-json-1.1"}}, Body: text,
	})
	if err != nil {
		return nil, err
	}
	if resp.Status >= http.StatusBadRequest {
		return nil, &refusedError{action: action, status: resp.Status}
	}
	return resp.Body, nil
}
