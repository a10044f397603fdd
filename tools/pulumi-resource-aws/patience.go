package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// timeoutsKey is under which terraform-plugin-sdk keeps a resource's timeouts in
// the plan's private part (schema.TimeoutKey), where Terraform's timeouts block
// ends up. The bridge does not pass on the engine's custom timeouts.
const timeoutsKey = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"

type patienceKey struct{}

// patient notes an operation's timeout, in seconds as the engine has it; 0 is the
// provider's own.
func patient(ctx context.Context, seconds float64) context.Context {
	if seconds <= 0 {
		return ctx
	}
	return context.WithValue(ctx, patienceKey{}, time.Duration(seconds*float64(time.Second)))
}

// withTimeouts is the plan's private part with the operation's timeout.
func withTimeouts(ctx context.Context, private []byte) ([]byte, error) {
	patience, ok := ctx.Value(patienceKey{}).(time.Duration)
	if !ok {
		return private, nil
	}
	parts := map[string]any{}
	if len(private) > 0 {
		if err := json.Unmarshal(private, &parts); err != nil {
			return nil, fmt.Errorf("read the plan's private part: %w", err)
		}
	}
	timeouts := map[string]int64{}
	for _, operation := range []string{"create", "update", "delete"} {
		timeouts[operation] = patience.Nanoseconds()
	}
	parts[timeoutsKey] = timeouts
	return json.Marshal(parts)
}

// Create passes on the custom timeout.
func (s strict) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	return s.ResourceProviderServer.Create(patient(ctx, r.GetTimeout()), r)
}

// Update passes on the custom timeout.
func (s strict) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return s.ResourceProviderServer.Update(patient(ctx, r.GetTimeout()), r)
}

// Delete passes on the custom timeout.
func (s strict) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return s.ResourceProviderServer.Delete(patient(ctx, r.GetTimeout()), r)
}
