package aegis

import "time"

// WebhookFormat is the shape of the bodies that a webhook is sent.
type WebhookFormat string

// The formats.
const (
	// WebhookCloudEvents is CloudEvents 1.0 in JSON, for programs.
	WebhookCloudEvents WebhookFormat = "cloudevents"
	// WebhookSlack is a message for a Slack incoming webhook.
	WebhookSlack WebhookFormat = "slack"
	// WebhookTeams is an Adaptive Card for a Microsoft Teams workflow.
	WebhookTeams WebhookFormat = "teams"
)

// WebhookState says whether a webhook is sent anything.
type WebhookState string

// The states of a webhook.
const (
	WebhookEnabled  WebhookState = "enabled"
	WebhookDisabled WebhookState = "disabled"
)

// Webhook is an endpoint that is told of events.
type Webhook struct {
	WebhookID string `json:"webhook_id"`
	// Description says whose it is and what for.
	Description string `json:"description"`
	// URL is the destination as people may see it: what may be a secret of it is
	// left out.
	URL    string        `json:"url"`
	Format WebhookFormat `json:"format"`
	// EventTypes are those that are sent, such as "aegis.drift.*"; empty is all.
	EventTypes []string `json:"event_types"`
	// Stacks are globs of the stack ids whose events are sent, such as
	// "prod.*.eu-west-1"; empty is all, and what is no stack's.
	Stacks []string     `json:"stacks"`
	State  WebhookState `json:"state"`
	// DisabledReason says why it was disabled, and DisabledAt when.
	DisabledReason string     `json:"disabled_reason,omitempty"`
	DisabledAt     *time.Time `json:"disabled_at,omitempty"`
	// Failures counts the attempts that failed since one succeeded, FailingSince
	// is the time of the first of them.
	Failures     int        `json:"failures"`
	FailingSince *time.Time `json:"failing_since,omitempty"`
	// PausedUntil is when it is tried again, after it asked for a pause or failed
	// often.
	PausedUntil *time.Time `json:"paused_until,omitempty"`
	// OldSecretUntil is until when the secret before signs too.
	OldSecretUntil  *time.Time `json:"old_secret_until,omitempty"`
	LastDeliveredAt *time.Time `json:"last_delivered_at,omitempty"`
	CreatedBy       string     `json:"created_by"`
	CreatedAt       time.Time  `json:"created_at"`
}

// DeliveryState is what became of a delivery.
type DeliveryState string

// The states of a delivery.
const (
	// DeliveryPending is to be tried, or tried again.
	DeliveryPending DeliveryState = "pending"
	// DeliveryDelivered was answered 2xx.
	DeliveryDelivered DeliveryState = "delivered"
	// DeliveryFailed was tried for as long as is done.
	DeliveryFailed DeliveryState = "failed"
	// DeliveryCancelled was pending when its webhook was disabled.
	DeliveryCancelled DeliveryState = "cancelled"
)

// WebhookDelivery is one event on its way to one webhook.
type WebhookDelivery struct {
	// DeliveryID is the webhook-id header, the same in every attempt.
	DeliveryID string `json:"delivery_id"`
	WebhookID  string `json:"webhook_id"`
	// EventSeq is the event's place in the event stream.
	EventSeq  int64  `json:"event_seq"`
	EventType string `json:"event_type"`
	// StackID is the stack that the event is about; "" is none.
	StackID string `json:"stack_id"`
	// Sequence is the event's ordinal among those of its stack; 0 is none.
	Sequence int64         `json:"sequence"`
	State    DeliveryState `json:"state"`
	Attempts int           `json:"attempts"`
	// Error is what went wrong last.
	Error string `json:"error,omitempty"`
	// NextAttemptAt is when a pending one is due.
	NextAttemptAt *time.Time `json:"next_attempt_at,omitempty"`
	CreatedAt     time.Time  `json:"created_at"`
	EndedAt       *time.Time `json:"ended_at,omitempty"`
	// Log are the newest attempts, oldest first.
	Log []DeliveryAttempt `json:"log"`
}

// DeliveryAttempt is one try.
type DeliveryAttempt struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	// Status is the answer's; 0 is none.
	Status    int   `json:"status"`
	LatencyMS int64 `json:"latency_ms"`
	// Response is the beginning of the answer's body.
	Response string `json:"response,omitempty"`
	Error    string `json:"error,omitempty"`
}
