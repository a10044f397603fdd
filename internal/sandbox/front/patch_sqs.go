package front

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// sqsPatches let a caller wait for messages here: the emulator would be busy
// with it, and nothing could be changed in the region meanwhile. And a redrive
// policy is told as compactly as it was given.
func sqsPatches() []patch {
	return []patch{
		{service: "sqs", action: "ReceiveMessage", serve: receive},
		{service: "sqs", action: "GetQueueAttributes", answer: compactRedrive},
	}
}

func compactRedrive(_ context.Context, _ *Front, _ wire.Call, body []byte) []byte {
	return edited(body, func(answer map[string]any) {
		attributes, _ := answer["Attributes"].(map[string]any)
		given, _ := attributes["RedrivePolicy"].(string)
		var text bytes.Buffer
		if given != "" && json.Compact(&text, []byte(given)) == nil {
			attributes["RedrivePolicy"] = text.String()
		}
	})
}

const (
	// maxReceiveWait is the longest wait that SQS takes.
	maxReceiveWait = 20 * time.Second
	// receivePause is the time between two looks into a queue.
	receivePause = 100 * time.Millisecond
)

// receive looks into the queue until there is a message or the caller's wait
// is over.
func receive(ctx context.Context, f *Front, c wire.Call) (wire.Response, error) {
	home, fault := f.home(c)
	if fault != nil {
		return wire.Response{}, fault
	}
	asked, patience := withoutWait(c)
	until := time.Now().Add(min(patience, maxReceiveWait))
	for {
		resp, err := home.do(ctx, asked)
		if err != nil || resp.Status >= http.StatusBadRequest || bytes.Contains(resp.Body, []byte("ReceiptHandle")) {
			return resp, err
		}
		if rest := time.Until(until); rest <= 0 || wait(ctx, min(receivePause, rest)) != nil {
			return resp, nil //nolint:nilerr // who left is not told
		}
	}
}

// withoutWait is the call with a wait of none, and the wait that it asked for.
func withoutWait(c wire.Call) (wire.Call, time.Duration) {
	const name = "WaitTimeSeconds"
	if c.Protocol == wire.Query {
		seconds, _ := strconv.Atoi(c.Form().Get(name))
		return c.WithForm(name, "0"), time.Duration(seconds) * time.Second
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(c.Body, &body) != nil {
		return c, 0
	}
	var seconds int
	_ = json.Unmarshal(body[name], &seconds) // what is no number waits not at all
	body[name] = json.RawMessage("0")
	text, err := json.Marshal(body)
	if err != nil {
		return c, 0
	}
	c.Body = text
	if c.Header = c.Header.Clone(); c.Header != nil {
		c.Header.Del("X-Amz-Content-Sha256")
	}
	return c, time.Duration(seconds) * time.Second
}
