package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// serve prints a port and serves the engine there, or many engines when there
// is no engine's address, until the parent has ended or the context.
func serve(ctx context.Context, b *bridge, engine string, stdout io.Writer) error {
	b.processes.warm()
	if _, err := b.subset(ctx); err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the engine: %w", err)
	}
	parent := os.Getppid() // now, while it certainly lives: it may end as soon as the port is told
	go func() {
		awaitOrphaned(ctx, parent)
		_ = listener.Close()
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return fmt.Errorf("read own port: %w", err)
	}
	if engine == "" {
		if _, err := fmt.Fprintln(stdout, port); err != nil {
			return fmt.Errorf("print own port: %w", err)
		}
		return b.accept(ctx, listener)
	}
	return b.serveEngine(ctx, engine, listener, func() { fmt.Fprintln(stdout, port) })
}

// serveEngine serves one engine, whose connections share one instance; ready
// is called before it accepts them.
func (b *bridge) serveEngine(ctx context.Context, engine string, listener net.Listener, ready func()) error {
	host, err := provider.NewHostClient(engine)
	if err != nil {
		return fmt.Errorf("connect to the engine: %w", err)
	}
	served, err := b.instance(ctx, host)
	if err != nil {
		return err
	}
	ready()
	server := newServer(served)
	defer server.Stop()
	return closedIsFine(server.Serve(listener))
}

func newServer(served *instance) *grpc.Server {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	pulumirpc.RegisterResourceProviderServer(server, served)
	return server
}

// awaitOrphaned returns when the parent has ended, or the context. Pulumi's
// own health check takes minutes to notice a killed engine.
func awaitOrphaned(ctx context.Context, parent int) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
