package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// serveMany prints a port and serves each connection to it as a provider
// instance of its own, for engines that are told `PULUMI_DEBUG_PROVIDERS=aws:PORT`.
// It ends when stdin does, so that it cannot outlive who holds the other end.
func serveMany(ctx context.Context, b *bridge, stdin io.Reader, stdout io.Writer) error {
	b.processes.warm()
	if _, err := b.subset(ctx); err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for engines: %w", err)
	}
	go func() {
		<-endOf(ctx, stdin)
		_ = listener.Close()
	}()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("listen for engines: %s has no port", listener.Addr())
	}
	if _, err := fmt.Fprintln(stdout, address.Port); err != nil {
		return fmt.Errorf("print the port: %w", err)
	}
	return b.accept(ctx, listener)
}

// endOf is closed when r ends, or the context.
func endOf(ctx context.Context, r io.Reader) <-chan struct{} {
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, r)
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
		case <-drained:
		}
	}()
	return ended
}

func (b *bridge) accept(ctx context.Context, listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept an engine: %w", err)
		}
		go b.serveConn(ctx, conn)
	}
}

// serveConn serves one engine's connection until it closes.
func (b *bridge) serveConn(ctx context.Context, conn net.Conn) {
	served, err := b.instance(ctx, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
		_ = conn.Close()
		return
	}
	defer served.terraform.release()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	pulumirpc.RegisterResourceProviderServer(server, served)
	defer server.Stop()
	// Serve returns when the connection has closed, as its listener does then.
	_ = server.Serve(listenOnce(conn))
}

// single is a listener that has one connection and closes with it.
type single struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
	addr   net.Addr
}

func listenOnce(conn net.Conn) *single {
	closed := make(chan struct{})
	s := &single{
		conns:  make(chan net.Conn, 1),
		closed: closed,
		close:  sync.OnceFunc(func() { close(closed) }),
		addr:   conn.LocalAddr(),
	}
	s.conns <- &closing{Conn: conn, listener: s}
	return s
}

// Accept returns the connection, then waits for its end.
func (s *single) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (s *single) Close() error {
	s.close()
	return nil
}

// Addr is the local address of the connection.
func (s *single) Addr() net.Addr { return s.addr }

// closing closes its listener with the connection.
type closing struct {
	net.Conn
	listener *single
}

// Close ends the connection and its listener.
func (c *closing) Close() error {
	c.listener.close()
	return c.Conn.Close()
}
