package mcptools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis/agent/tool"
)

// link is what is known of one server.
type link struct {
	server Server
	o      Options
	log    *slog.Logger
	// tried is closed after the first attempt.
	tried chan struct{}
	// look asks for the tools again: they changed, or a call failed.
	look chan struct{}

	mu      sync.Mutex
	session *mcp.ClientSession // nil when there is none
	tools   []tool.Tool
	fault   string // why there is no session
}

func newLink(s Server, o Options) *link {
	l := &link{
		server: s, o: o, log: o.Logger.With(slog.String("mcp_server", s.Name)),
		tried: make(chan struct{}), look: make(chan struct{}, 1), fault: "it was not reached yet",
	}
	for _, name := range s.Tools {
		l.tools = append(l.tools, l.unlisted(name))
	}
	return l
}

// offer returns the tools as they are now.
func (l *link) offer() []tool.Tool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]tool.Tool, len(l.tools))
	for i, t := range l.tools {
		if l.session == nil {
			t.Unavailable = fmt.Sprintf("MCP server %s can't be used: %s", l.server.Name, l.fault)
		}
		all[i] = t
	}
	return all
}

// glance asks for a look without waiting for it.
func (l *link) glance() {
	select {
	case l.look <- struct{}{}:
	default: // one is due
	}
}

// keep connects until ctx ends, with longer and longer waits between.
func (l *link) keep(ctx context.Context) {
	var once sync.Once
	tried := func() { once.Do(func() { close(l.tried) }) }
	defer tried()
	wait := l.o.Retry
	for {
		listed, err := l.hold(ctx, tried)
		if ctx.Err() != nil {
			return
		}
		if listed {
			wait = l.o.Retry
		}
		l.lose(err)
		tried()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, l.o.Refresh)
	}
}

func (l *link) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session, l.fault = nil, line(err.Error(), 300)
	l.log.Warn("mcp server lost", slog.String("error", l.fault))
}

// hold connects, lists the tools, and stays until the server is gone. It says
// whether the tools were listed, and why it ended.
func (l *link) hold(ctx context.Context, tried func()) (listed bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	session, shut, err := l.connect(ctx)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer shut()
	gone := make(chan error, 1)
	go func() { gone <- session.Wait() }()
	refresh := time.NewTicker(l.o.Refresh)
	defer refresh.Stop()
	for {
		tools, err := l.list(ctx, session)
		if err != nil {
			return listed, fmt.Errorf("list its tools: %w", err)
		}
		l.take(session, tools)
		listed = true
		tried()
		select {
		case <-ctx.Done():
			return listed, ctx.Err()
		case err := <-gone:
			if err == nil {
				err = errors.New("it closed the connection")
			}
			return listed, err
		case <-l.look:
			// Changes that come thick and fast are looked at together.
			if err := pause(ctx, l.o.Retry); err != nil {
				return listed, err
			}
		case <-refresh.C:
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (l *link) take(session *mcp.ClientSession, tools []tool.Tool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session == nil {
		l.log.Info("mcp server connected", slog.Int("tools", len(tools)))
	}
	l.session, l.tools, l.fault = session, tools, ""
}

// connect returns a session and what ends it.
func (l *link) connect(ctx context.Context) (*mcp.ClientSession, func(), error) {
	transport, kill, err := l.transport(ctx)
	if err != nil {
		return nil, nil, err
	}
	o := mcp.ClientOptions{
		Logger:         slog.New(slog.DiscardHandler), // it would log what servers say
		Capabilities:   &mcp.ClientCapabilities{},     // nothing is asked of us
		MultiRoundTrip: &mcp.MultiRoundTripOptions{Disabled: true},
	}
	if l.server.URL == "" {
		o.ToolListChangedHandler = func(context.Context, *mcp.ToolListChangedRequest) { l.glance() }
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "aegis", Version: "1"}, &o)
	limited, cancel := context.WithTimeout(ctx, l.server.timeout())
	defer cancel()
	session, err := await(limited, func() (*mcp.ClientSession, error) { return client.Connect(ctx, transport, nil) })
	if err != nil {
		kill()
		return nil, nil, err
	}
	return session, func() {
		kill()
		go func() { _ = session.Close() }() // it may wait for calls that the kill ends
	}, nil
}

// await returns what f does, or the error of ctx when that ends first: the SDK does
// not look at it while it writes to a server that does not read.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
