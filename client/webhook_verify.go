package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// maxWebhookBody is the largest body that is read; AegisWorld sends less than 64
// KiB.
const maxWebhookBody = 1 << 20

// ErrBadSignature says that a request is not from who has the secret, or is not
// new: it was signed more than five minutes ago.
var ErrBadSignature = errors.New("the webhook's signature is not good")

// WebhookEvent is a CloudEvent as a webhook is sent it.
type WebhookEvent struct {
	// DeliveryID is the webhook-id header: the same whenever this is sent again,
	// so that receivers drop what they had.
	DeliveryID string          `json:"-"`
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Type       string          `json:"type"`
	Subject    string          `json:"subject"`
	Time       time.Time       `json:"time"`
	StackID    string          `json:"stackid"`
	Sequence   string          `json:"sequence"`
	Data       json.RawMessage `json:"data"`
}

// ReadWebhook reads and verifies a request to a webhook of format cloudevents.
// ErrBadSignature tells one that must not be believed.
func ReadWebhook(r *http.Request, secret string) (WebhookEvent, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxWebhookBody+1))
	if err != nil {
		return WebhookEvent{}, fmt.Errorf("read the webhook: %w", err)
	}
	if len(body) > maxWebhookBody {
		return WebhookEvent{}, errors.New("read the webhook: it is larger than 1 MiB")
	}
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return WebhookEvent{}, errors.New("verify the webhook: the secret is none of Standard Webhooks (whsec_…)")
	}
	if err := key.Verify(body, r.Header); err != nil {
		return WebhookEvent{}, fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	var event WebhookEvent
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&event); err != nil {
		return WebhookEvent{}, fmt.Errorf("read the webhook: %w", err)
	}
	event.DeliveryID = r.Header.Get(standardwebhooks.HeaderWebhookID)
	return event, nil
}
