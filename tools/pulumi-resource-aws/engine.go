package main

import (
	"context"
	"os"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// serveEngine serves the engine that started this program, which ends with it.
// The engine's own health check notices a killed engine after minutes only.
func serveEngine(ctx context.Context, b *bridge) error {
	b.processes.warm()
	ended := make(chan error, 1)
	go func() {
		ended <- provider.Main("aws", func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
			return b.instance(ctx, host)
		})
	}()
	select {
	case err := <-ended:
		return err
	case <-orphaned(ctx):
		return nil
	}
}

// orphaned is closed when the parent has ended, or the context.
func orphaned(ctx context.Context) <-chan struct{} {
	alone := make(chan struct{})
	parent := os.Getppid()
	go func() {
		defer close(alone)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return alone
}
