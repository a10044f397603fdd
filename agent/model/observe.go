package model

import (
	"context"
	"time"
)

// Call is a call that is about to be made.
type Call struct {
	// Provider and Model are the configuration's names, System the vendor.
	Provider, System, Model string
	Kind                    string
	MaxTokens               int
	// Hedge says that it runs beside another that is slow, Repair that it asks for
	// a better answer.
	Hedge, Repair bool
	// ReservedMicros is what was set aside for it.
	ReservedMicros int64
}

// Outcome is how a call ended.
type Outcome struct {
	// ResponseModel is the version that answered; it may be "".
	ResponseModel             string
	InputTokens, OutputTokens int
	CostMicros                int64
	Latency                   time.Duration
	// Err is nil when there is an answer.
	Err error
}

// Observer is told of every call. Its end is called once, when the call was
// settled; the context that it returns is the call's.
type Observer interface {
	Start(ctx context.Context, c Call) (context.Context, func(Outcome))
}

// blind observes nothing.
type blind struct{}

func (blind) Start(ctx context.Context, _ Call) (context.Context, func(Outcome)) {
	return ctx, func(Outcome) {}
}
