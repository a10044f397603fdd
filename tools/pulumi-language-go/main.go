// Command pulumi-language-go runs Go programs for `pulumi`, where the official
// language host, which comes with the official CLI, cannot be had.
//
// It runs the program of Pulumi.yaml in the folder of `main`: the prebuilt one
// that the runtime option `binary` names, or else what `go build` makes there.
//
// Usage: pulumi-language-go [flags] ENGINE
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// maxMessage bounds one gRPC message; a stack's configuration is part of one.
const maxMessage = 64 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, engineAddress(os.Args[1:]))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-go:", err)
		os.Exit(1)
	}
}

// engineAddress reads the engine's address and ignores the flags that the CLI
// passes to every language host.
func engineAddress(args []string) string {
	flags := flag.NewFlagSet("pulumi-language-go", flag.ExitOnError)
	for _, ignored := range []string{"tracing", "root", "binary", "buildTarget"} {
		flags.String(ignored, "", "ignored")
	}
	_ = flags.Parse(args) // exits on a fault
	return flags.Arg(0)
}

// serve prints its port and serves until the parent ends or a signal comes.
func serve(ctx context.Context, engine string) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the engine: %w", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage))
	pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine})
	go func() {
		awaitOrphaned(ctx)
		server.Stop()
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return fmt.Errorf("read own port: %w", err)
	}
	if _, err := fmt.Fprintln(os.Stdout, port); err != nil {
		return fmt.Errorf("print own port: %w", err)
	}
	return server.Serve(listener)
}

// awaitOrphaned returns when the parent has ended, or the context.
func awaitOrphaned(ctx context.Context) {
	parent := os.Getppid()
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
