package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/aegisworld/aegis"
)

// Limits of PutRecords, https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html.
const (
	streamRecords     = 500
	streamBytes       = 5 << 20
	streamRecordBytes = 1 << 20
	// streamTries is how often records are sent before the batch is given up, to
	// come again later.
	streamTries = 6
	streamPause = 100 * time.Millisecond
)

var streamForm = regexp.MustCompile(`^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):(\d{12}):stream/[A-Za-z0-9_.-]{1,128}$`)

// EventStream writes events to a Kinesis stream, as the base identity, which
// needs kinesis:PutRecords on it. A record is an aegis.Event in JSON, its
// partition key the kind and id of the object, so that events of one object stay
// in order.
type EventStream struct {
	client *kinesis.Client
	arn    string
	pause  func(ctx context.Context, d time.Duration) error
}

// CheckStream says whether text is the ARN of a Kinesis stream in account, where
// "" is any.
func CheckStream(text, account string) error {
	parts := streamForm.FindStringSubmatch(text)
	if parts == nil {
		return aegis.Invalid("stream", "give arn:aws:kinesis:REGION:ACCOUNT:stream/NAME")
	}
	if account != "" && parts[2] != account {
		return aegis.Invalid("stream", "is in another account than aws.account_id")
	}
	return nil
}

// EventStream opens a stream by its ARN.
func (c *Cloud) EventStream(arn string) (*EventStream, error) {
	if err := CheckStream(arn, c.cfg.AccountID); err != nil {
		return nil, err
	}
	region := streamForm.FindStringSubmatch(arn)[1]
	client := kinesis.NewFromConfig(c.base, func(o *kinesis.Options) { o.Region = region })
	return &EventStream{client: client, arn: arn, pause: pauseFor}, nil
}

func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Name is the sink's name.
func (s *EventStream) Name() string { return s.arn }

// Send writes events, in order for each object: a request has one event of an
// object at most, since PutRecords may take some of its records and refuse others.
func (s *EventStream) Send(ctx context.Context, events []aegis.Event) error {
	rest := make([]types.PutRecordsRequestEntry, 0, len(events))
	for _, event := range events {
		data, err := record(event)
		if err != nil {
			return err
		}
		rest = append(rest, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String(partition(event))})
	}
	for len(rest) > 0 {
		var wave []types.PutRecordsRequestEntry
		wave, rest = nextWave(rest)
		if err := s.put(ctx, wave); err != nil {
			return fmt.Errorf("write to %s: %w", s.arn, err)
		}
	}
	return nil
}

// record encodes an event. What is too large for a record goes without its data
// and says so: it can be read by the API.
func record(event aegis.Event) ([]byte, error) {
	data, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode event %d: %w", event.Seq, err)
	}
	if len(data)+len(partition(event)) <= streamRecordBytes {
		return data, nil
	}
	event.Data = json.RawMessage(fmt.Sprintf(`{"truncated":true,"bytes":%d}`, len(event.Data)))
	return json.Marshal(event)
}

// partition is a key of 256 characters at most.
func partition(event aegis.Event) string {
	key := []rune(event.Kind + "/" + event.ID)
	return string(key[:min(len(key), 256)])
}

// nextWave takes the first records that one request may have, and leaves the
// others in their order. After a record that has to wait, all of its object wait.
func nextWave(records []types.PutRecordsRequestEntry) (wave, rest []types.PutRecordsRequestEntry) {
	seen, size := map[string]bool{}, 0
	for i, r := range records {
		weight := len(r.Data) + len(*r.PartitionKey)
		if len(wave) == streamRecords || size+weight > streamBytes {
			return wave, append(rest, records[i:]...)
		}
		if seen[*r.PartitionKey] {
			rest = append(rest, r)
			continue
		}
		seen[*r.PartitionKey] = true
		wave, size = append(wave, r), size+weight
	}
	return wave, rest
}

// put writes records, and again those that the stream refused.
func (s *EventStream) put(ctx context.Context, records []types.PutRecordsRequestEntry) error {
	code := ""
	for try := range streamTries {
		if try > 0 {
			wait := streamPause << (try - 1)
			if err := s.pause(ctx, wait+rand.N(wait)); err != nil { //nolint:gosec // jitter, no secret
				return err
			}
		}
		out, err := s.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamARN: &s.arn, Records: records})
		if err != nil {
			return fmt.Errorf("%w: %w", aegis.ErrUnavailable, err)
		}
		var refused []types.PutRecordsRequestEntry
		for i, answer := range out.Records {
			if answer.ErrorCode != nil && i < len(records) {
				refused, code = append(refused, records[i]), *answer.ErrorCode
			}
		}
		if len(refused) == 0 {
			return nil
		}
		records = refused
	}
	return fmt.Errorf("%d records refused (%s): %w", len(records), code, aegis.ErrUnavailable)
}
