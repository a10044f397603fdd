package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Call calls a tool for somebody. The error matches one of the errors of this
// package; a call that was made and failed has a Result without output. A refused
// call was not made. It returns in time whatever the tool does. The log has every call,
// of previews as well, without its input.
func (r *Registry) Call(ctx context.Context, by Caller, name string, input json.RawMessage) (Result, error) {
	result, err := r.call(ctx, by, name, input)
	outcome := "answered"
	switch {
	case errors.Is(err, ErrUnknown):
		name, outcome = "", "unknown" // what a model calls it may be anything
	case errors.Is(err, ErrFailed):
		outcome = "failed"
	case err != nil:
		outcome = "refused"
	}
	r.Logger.InfoContext(ctx, "tool called", "tool", name, "agent", by.Agent, "goal_id", by.GoalID, "outcome", outcome,
		"took_ms", result.Latency/time.Millisecond, "input_bytes", len(input), "output_bytes", len(result.Output), "cost_micros", result.CostMicros)
	return result, err
}

func (r *Registry) call(ctx context.Context, by Caller, name string, input json.RawMessage) (Result, error) {
	e, ok := r.entries(ctx)[name]
	if !ok {
		return Result{}, fmt.Errorf("%w: %q", ErrUnknown, Clip(name, 128))
	}
	if by.Tools != nil && !slices.Contains(by.Tools, name) {
		return Result{}, fmt.Errorf("%w: %s is not among the tools of agent %s", ErrRefused, name, by.Agent)
	}
	if why := e.unavailable(); why != "" {
		return Result{}, fmt.Errorf("%w: %s can't be called now: %s", ErrRefused, name, why)
	}
	input, err := r.checkInput(ctx, e, input)
	if err != nil {
		return Result{}, err
	}
	if err := r.checkBreakers(ctx, name); err != nil {
		return Result{}, err
	}
	by, err = r.permit(ctx, e, by)
	if err != nil {
		return Result{}, err
	}
	return r.run(ctx, e, by, input)
}

// checkInput returns the input as it was understood, so that nobody reads anything
// else in it. None is {}.
func (r *Registry) checkInput(ctx context.Context, e *entry, input json.RawMessage) (json.RawMessage, error) {
	if len(input) > maxInput {
		return nil, fmt.Errorf("%w: %d bytes are more than the %d that an input may have", ErrInput, len(input), maxInput)
	}
	input = bytes.Clone(bytes.TrimSpace(input))
	if len(input) == 0 {
		input = json.RawMessage(`{}`)
	}
	// A schema of others may take for ever.
	read, err := within(ctx, r.Timeout, func(context.Context) (json.RawMessage, error) {
		object, err := e.input.object(input)
		if err != nil {
			return nil, err
		}
		return json.Marshal(object)
	})
	switch {
	case err == nil:
		return read, nil
	case errors.Is(err, errLate), errors.Is(err, errPanicked):
		return nil, fmt.Errorf("%w: the input of %s could not be checked: %s", ErrRefused, e.Name, clean(err))
	default:
		return nil, fmt.Errorf("%w: %s: %s", ErrInput, e.Name, clean(err))
	}
}

// checkBreakers refuses where it can't be known.
func (r *Registry) checkBreakers(ctx context.Context, name string) error {
	if r.Breakers == nil {
		return nil
	}
	all, err := r.Breakers.Breakers(ctx)
	if err != nil {
		r.Logger.ErrorContext(ctx, "breakers of tools not known", "tool", name, "error", err)
		return fmt.Errorf("%w: whether the breaker of %s is open is not known now; %w", ErrRefused, name, ErrBusy)
	}
	now := r.Now()
	for _, b := range all {
		if b.Stops(now) && b.Scope == aegis.BreakerTool && b.Key == name {
			return fmt.Errorf("%w: the breaker of %s is open: %s", ErrRefused, name, Clip(b.Reason, maxReason))
		}
	}
	return nil
}

// run makes a call that is allowed.
func (r *Registry) run(ctx context.Context, e *entry, by Caller, input json.RawMessage) (Result, error) {
	if !r.begin(e.Name) {
		return Result{}, fmt.Errorf("%w: %d calls of %s run already; %w", ErrRefused, maxRunning, e.Name, ErrBusy)
	}
	timeout := e.Timeout
	if timeout <= 0 {
		timeout = r.Timeout
	}
	began := r.Now()
	output, err := within(ctx, timeout, func(ctx context.Context) (json.RawMessage, error) {
		defer r.end(e.Name)
		raw, err := e.Run(ctx, by, input)
		if err != nil {
			return nil, err
		}
		return e.answer(raw, r.MaxOutput)
	})
	result := Result{Output: output, CostMicros: int64(math.Ceil(max(0, e.CostUSD) * 1e6)), Latency: r.Now().Sub(began)}
	if err == nil {
		return result, nil
	}
	result.Output = nil
	reason := clean(err)
	if errors.Is(err, errPanicked) {
		reason = errPanicked.Error() // what it panicked with is nobody's business
	}
	r.Logger.WarnContext(ctx, "call of a tool failed", "tool", e.Name, "agent", by.Agent, "goal_id", by.GoalID,
		"took_ms", result.Latency/time.Millisecond, "error", clean(err))
	if ctx.Err() != nil {
		return result, fmt.Errorf("%w: %s: %s: %w", ErrFailed, e.Name, reason, ctx.Err())
	}
	return result, fmt.Errorf("%w: %s: %s", ErrFailed, e.Name, reason)
}

func (r *Registry) begin(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[name] >= maxRunning {
		return false
	}
	r.running[name]++
	return true
}

func (r *Registry) end(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[name]--; r.running[name] <= 0 {
		delete(r.running, name)
	}
}

// answer is what a tool answered, checked and scrubbed.
func (e *entry) answer(raw json.RawMessage, most int) (json.RawMessage, error) {
	if len(raw) > most {
		return nil, fmt.Errorf("it answered %d bytes, more than %d; ask for less", len(raw), most)
	}
	object, err := e.output.object(raw)
	if err != nil {
		return nil, fmt.Errorf("its answer does not fit its schema: %w", err)
	}
	output, err := json.Marshal(scrubbed(object, false))
	if err != nil {
		return nil, fmt.Errorf("encode its answer: %w", err)
	}
	if len(output) > most { // a mark may be longer than what it stands for
		return nil, fmt.Errorf("it answered %d bytes, more than %d; ask for less", len(output), most)
	}
	return output, nil
}
