package engine

import (
	"context"
	"fmt"
	"net"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// pluginHost is what a plugin takes for its engine while it reads for a look:
// it takes the plugin's log, which may hold secrets, and drops it.
type pluginHost struct {
	pulumirpc.UnimplementedEngineServer

	mu   sync.Mutex
	grpc *grpc.Server
	addr string
}

// address listens on loopback at the first call.
func (h *pluginHost) address() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.grpc != nil {
		return h.addr, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // immediate
	if err != nil {
		return "", fmt.Errorf("listen for plugins: %w", err)
	}
	h.grpc, h.addr = grpc.NewServer(), l.Addr().String()
	pulumirpc.RegisterEngineServer(h.grpc, h)
	go func(server *grpc.Server) { _ = server.Serve(l) }(h.grpc)
	return h.addr, nil
}

// Close ends the server.
func (h *pluginHost) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.grpc != nil {
		h.grpc.Stop()
	}
}

// Log takes a message and forgets it.
func (*pluginHost) Log(context.Context, *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
