package tool

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// Bounds of calls, unless a Config or a Tool says otherwise.
const (
	DefaultTimeout = 30 * time.Second
	// DefaultMaxOutput bounds an answer, in bytes of JSON.
	DefaultMaxOutput = 256 << 10

	// maxInput bounds an input, in bytes of JSON.
	maxInput = 64 << 10
	// maxRunning bounds the calls of one tool that run at once. Those count too that
	// nobody waits for any more, since a tool ignores that its time is up.
	maxRunning = 16
)

// Source has tools that come and go while the registry is in use, such as those of
// an MCP server. It answers at once, from memory.
type Source interface {
	Tools(ctx context.Context) []Tool
}

type permits interface {
	// PermitTool says what policy grants a call; the error says why it grants none.
	PermitTool(ctx context.Context, in aegis.ToolInput) (aegis.ExecutionPolicy, error)
}

type breakers interface {
	// Breakers lists at least the open ones.
	Breakers(ctx context.Context) ([]aegis.Breaker, error)
}

// Config holds what a registry stands on. Permits is required.
type Config struct {
	// Tools are there for good.
	Tools []Tool
	// Sources have more. A tool whose name is taken is left out.
	Sources []Source
	Permits permits
	// Breakers stop tools by their name; none when nil.
	Breakers breakers
	// Logger hears of calls that failed; nil discards.
	Logger *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Timeout bounds a call of a tool that has no bound of its own; 0 is
	// DefaultTimeout.
	Timeout time.Duration
	// MaxOutput bounds an answer in bytes; 0 is DefaultMaxOutput.
	MaxOutput int
}

// Registry has the tools that agents may call. It may be used concurrently.
type Registry struct {
	Config

	fixed map[string]*entry

	mu sync.Mutex
	// moving are the entries of sources' tools, by name, as of the last look.
	moving map[string]*entry
	// running counts calls by the tool's name.
	running map[string]int
}

// entry is a tool with its schemas.
type entry struct {
	Tool

	input, output *schema
	// fault says why it can't be called, whether or not it is available.
	fault string
}

// New returns a registry. It returns an error when one of the tools has a faulty
// name or schema, or the name of another.
func New(c Config) (*Registry, error) {
	if c.Permits == nil {
		return nil, errors.New("a registry of tools needs Permits, which say what policy allows")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxOutput <= 0 {
		c.MaxOutput = DefaultMaxOutput
	}
	r := &Registry{Config: c, fixed: map[string]*entry{}, moving: map[string]*entry{}, running: map[string]int{}}
	for _, t := range c.Tools {
		e := newEntry(t, nil)
		if e.fault != "" {
			return nil, fmt.Errorf("tool %q: %s", t.Name, e.fault)
		}
		if _, taken := r.fixed[t.Name]; taken {
			return nil, fmt.Errorf("tool %q is there twice; give one another name", t.Name)
		}
		r.fixed[t.Name] = e
	}
	return r, nil
}

// Tools lists all tools by name, those of sources as they are now. What can't be
// called says why in Unavailable.
func (r *Registry) Tools() []aegis.Tool {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	var all []aegis.Tool
	for _, e := range r.entries(ctx) {
		described := e.Tool.Tool
		described.Unavailable = e.unavailable()
		if e.fault != "" { // its schemas may be no JSON
			described.Input, described.Output = json.RawMessage(`{}`), json.RawMessage(`{}`)
		}
		all = append(all, described)
	}
	slices.SortFunc(all, func(a, b aegis.Tool) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// unavailable says why it can't be called now, "" when it can.
func (e *entry) unavailable() string { return cmp.Or(e.fault, e.Unavailable) }
