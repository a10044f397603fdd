package model

import (
	"context"
	"encoding/json"
	"time"
)

// MaxAnswerBytes is the longest answer that is taken. Providers stop reading
// there and return ErrTooLarge.
const MaxAnswerBytes = 1 << 20

// Answer is what a provider assembled from one stream.
type Answer struct {
	// Text is the answer; when there was a schema it should be JSON, unchecked.
	Text string
	// Model is the version that answered, as the provider names it; it may be "".
	Model string
	// InputTokens and OutputTokens are what is paid for, if Metered.
	InputTokens, OutputTokens int
	// Metered says that the provider reported the tokens. What is not metered is
	// charged as it was reserved.
	Metered bool
}

// Provider asks a vendor's models. It is safe for concurrent use and makes one
// attempt: retries are the router's.
type Provider interface {
	// Name is what the configuration calls it.
	Name() string
	// System is the vendor as OpenTelemetry names it in gen_ai.provider.name.
	System() string
	// Complete streams an answer and returns it whole. A stream that broke off is
	// ErrTruncated. An error comes with an Answer that says what was metered.
	Complete(ctx context.Context, model string, r Request) (Answer, error)
}

// Response is the answer to a request.
type Response struct {
	Text string
	// JSON is the structured answer, valid by the request's schema; nil without one.
	JSON json.RawMessage
	// Model and Provider are the names of the configuration.
	Model, Provider string
	// InputTokens and OutputTokens are those of the calls that gave the answer,
	// with repairs; CostMicros is what was charged for all calls, those that failed
	// or lost among them, in millionths of a US dollar.
	InputTokens, OutputTokens int
	CostMicros                int64
	Latency                   time.Duration
	// Cached says that no model was asked; nothing was charged. CostMicros is then what
	// the same goal paid when it asked before.
	Cached bool
}
