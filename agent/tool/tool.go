package tool

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Errors of calls. Each is wrapped with what is wrong in a sentence that may be
// shown to a model.
var (
	// ErrUnknown says that there is no such tool.
	ErrUnknown = errors.New("there is no such tool")
	// ErrRefused says that policy, the caller's agent, a breaker or a limit does not
	// allow the call; it was not made.
	ErrRefused = errors.New("the call is not allowed")
	// ErrBusy says that a refused call, which matches ErrRefused too, may be allowed a
	// little later.
	ErrBusy = errors.New("try again later")
	// ErrInput says that the input does not match the tool's schema; the call was not
	// made.
	ErrInput = errors.New("the input does not fit the tool")
	// ErrFailed says that the tool answered with an error, not in time, too much, or
	// not by its schema.
	ErrFailed = errors.New("the tool failed")
)

// Tool is what a registry holds.
type Tool struct {
	aegis.Tool

	// Timeout bounds a call; the registry's when 0.
	Timeout time.Duration
	// Run answers a call whose input is valid by the schema. What it returns is
	// checked and bounded by the registry.
	Run func(ctx context.Context, by Caller, input json.RawMessage) (json.RawMessage, error)
}

// Caller is for whom a tool is called.
type Caller struct {
	// Agent is the agent's name.
	Agent string
	// GoalID and Submitter are those of the goal that it works on.
	GoalID    string
	Submitter string
	// Tools are all that the agent may call, by name; nil is every one.
	Tools []string
	// Hosts are all that it may fetch from, as in egress ("*.corp.example").
	Hosts []string
	// Regions and Layers are all that it may look at; empty is every one.
	Regions []string
	Layers  []string
	// StackIDs are all stacks that it may look at; empty is every one. Policy
	// narrows it, and Hosts and Regions, before a tool sees them.
	StackIDs []string
	// Memories are the agents whose lessons it finds beside its own memories.
	Memories []string
	// Used counts the calls that were made for the goal, by the tool's name.
	Used map[string]int
}

// Sees says that the caller may look at a stack, and propose to change it.
func (c Caller) Sees(stackID, layer, region string) bool {
	within := func(list []string, item string) bool { return len(list) == 0 || slices.Contains(list, item) }
	return within(c.StackIDs, stackID) && within(c.Layers, layer) && within(c.Regions, region)
}

// Result is what a call came to.
type Result struct {
	// Output is a JSON object, scrubbed of secrets, at most the registry's bound.
	Output json.RawMessage
	// CostMicros is what the call cost, in micro-dollars.
	CostMicros int64
	Latency    time.Duration
}
