package mcptools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aegisworld/aegis/agent/tool"
)

// Options configure a client.
type Options struct {
	// Dir is where programs run and have their home, a folder for each; it is made.
	// "" is the system's folder for temporary files, without a home.
	Dir string
	// Wait is how long New waits for servers; 10 s when 0. Those that take longer
	// have their tools later.
	Wait time.Duration
	// Retry is the first wait before a server is connected to again, doubled up to
	// Refresh; a second when 0.
	Retry time.Duration
	// Refresh is how often a server is asked for its tools; 5 minutes when 0.
	Refresh time.Duration
	Logger  *slog.Logger
}

// Client is connected to MCP servers, or tries to be. It is safe for concurrent use.
type Client struct {
	links []*link
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// New connects to the servers, whose tools Tools then returns. A server that can't be
// reached is no error: it is tried again until Close. The error joins what is wrong
// with the configuration.
func New(ctx context.Context, servers []Server, o Options) (*Client, error) {
	o = o.withDefaults()
	var faults []error
	names := map[string]bool{}
	for i, s := range servers {
		if err := s.Check(); err != nil {
			faults = append(faults, fmt.Errorf("[%d]: %w", i, err))
		}
		if names[s.Name] {
			faults = append(faults, fmt.Errorf("[%d].name: %q is there twice", i, s.Name))
		}
		names[s.Name] = true
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Client{stop: stop}
	for _, s := range servers {
		l := newLink(s, o)
		c.links = append(c.links, l)
		c.done.Go(func() { l.keep(life) })
	}
	wait := time.NewTimer(o.Wait)
	defer wait.Stop()
	for _, l := range c.links {
		select {
		case <-l.tried:
		case <-wait.C:
			return c, nil
		case <-ctx.Done():
			return c, errors.Join(ctx.Err(), c.Close())
		}
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	for d, otherwise := range map[*time.Duration]time.Duration{&o.Wait: 10 * time.Second, &o.Retry: time.Second, &o.Refresh: 5 * time.Minute} {
		if *d == 0 {
			*d = otherwise
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Tools are those of all servers, as last seen; it does not wait for them. Those of
// a server that is gone say so in Unavailable.
func (c *Client) Tools(context.Context) []tool.Tool {
	var all []tool.Tool
	for _, l := range c.links {
		all = append(all, l.offer()...)
	}
	return all
}

// Close ends the connections and the programs, and waits for them, some seconds at
// most.
func (c *Client) Close() error {
	c.stop()
	c.done.Wait()
	return nil
}
