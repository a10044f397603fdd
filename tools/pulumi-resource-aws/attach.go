package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// accept serves each connection as a provider instance of its own: an engine
// that attaches has one connection for each provider resource of its stack.
func (b *bridge) accept(ctx context.Context, listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return closedIsFine(err)
		}
		go b.serveConn(ctx, conn)
	}
}

// closedIsFine passes errors on, but for the end of a listener.
func closedIsFine(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
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
	server := newServer(served)
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
