package model

import (
	"errors"
	"fmt"
	"time"
)

// What can go wrong with a call.
var (
	// ErrRateLimited says that a model takes no more calls for now.
	ErrRateLimited = errors.New("the model is rate limited")
	// ErrOverloaded says that a model's server failed, was not reached, or did not
	// answer in time.
	ErrOverloaded = errors.New("the model is overloaded or not reachable")
	// ErrRefused says that the model refused to answer.
	ErrRefused = errors.New("the model refused")
	// ErrTruncated says that an answer's stream broke off.
	ErrTruncated = errors.New("the answer broke off")
	// ErrBadAnswer says that an answer is not what was asked for.
	ErrBadAnswer = errors.New("the model's answer is of no use")
	// ErrTooLarge says that a request or an answer is longer than may be.
	ErrTooLarge = errors.New("too large for the model")
	// ErrRejected says that the provider does not take the request, or the key.
	ErrRejected = errors.New("the provider rejected the request")
	// ErrNoModel says that no configured model may take the request.
	ErrNoModel = errors.New("no model for this request")
	// ErrBudget says that the money that a call may cost is not there.
	ErrBudget = errors.New("the model budget is used up")
	// ErrLedger says that money could not be reserved, so that no call was made.
	ErrLedger = errors.New("the model ledger can't be reached")
)

// CallError is why a call failed. It matches its Kind.
type CallError struct {
	// Kind is one of the sentinels.
	Kind error
	// Detail is for people: bounded, and without secrets.
	Detail string
	// RetryAfter is what the provider asked for; 0 is nothing.
	RetryAfter time.Duration
	// Unpaid says that the provider did no work, so that nothing is charged.
	Unpaid bool
}

// Error is kind and detail.
func (e *CallError) Error() string {
	if e.Detail == "" {
		return e.Kind.Error()
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Detail)
}

// Unwrap is the kind.
func (e *CallError) Unwrap() error { return e.Kind }

// transient says that the same call may succeed later.
func transient(err error) bool {
	return errors.Is(err, ErrRateLimited) || errors.Is(err, ErrOverloaded) || errors.Is(err, ErrTruncated)
}

func retryAfter(err error) time.Duration {
	if call, ok := errors.AsType[*CallError](err); ok {
		return call.RetryAfter
	}
	return 0
}

func unpaid(err error) bool {
	call, ok := errors.AsType[*CallError](err)
	return ok && call.Unpaid
}
