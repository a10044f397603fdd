package cli

import (
	"context"
	"io"

	"github.com/aegisworld/aegis/internal/estate"
)

// Operations are the verbs that run things on this machine.
type Operations struct {
	// Version is the build's.
	Version string

	Sandbox     func(ctx context.Context, o SandboxOptions) error
	Supervise   func(ctx context.Context, dataDir string) error
	SandboxStop func(ctx context.Context, dataDir string) error
	SandboxEnv  func(ctx context.Context, dataDir string) ([]string, error)
	SetFault    func(ctx context.Context, dataDir string, f Fault) (Fault, error)
	ListFaults  func(ctx context.Context, dataDir string) ([]Fault, error)
	ClearFaults func(ctx context.Context, dataDir, id string) (int, error)
	Serve       func(ctx context.Context, o ServeOptions) error
	Estate      func(o EstateOptions) (estate.Estate, error)
	Bootstrap   func(ctx context.Context, o BootstrapOptions, w io.Writer) error
	Doctor      func(ctx context.Context, w io.Writer, asJSON, enginesOnly bool) error
	Setup       func(ctx context.Context, w io.Writer, enginesOnly bool) error
	Bench       func(ctx context.Context, o BenchOptions, w io.Writer) error
	// LedgerWorker is a process of one of the benchmarks.
	LedgerWorker func(ctx context.Context, w io.Writer) error
}

// SandboxOptions are the flags of `aegis sandbox`.
type SandboxOptions struct {
	DataDir string
	// Addr is host:port; port 0 picks a free one.
	Addr string
	// Estate is "small", "full" or "none".
	Estate string
	// ReadyFile gets the JSON of readiness; "" writes it to Stdout.
	ReadyFile string
	// PolicySources are URLs that policy bundles are fetched from, PolicyKeys
	// files of public keys by key id, beside the sandbox's own.
	PolicySources []string
	PolicyKeys    map[string]string
	// ModelsFile is a configuration of which only models counts, ToolsFile one of which
	// only tools does; "" is none.
	ModelsFile     string
	ToolsFile      string
	Stdout, Stderr io.Writer
}

// ServeOptions are the flags of `aegis serve`.
type ServeOptions struct {
	ConfigFile string
	// PolicyBundle is a folder that overrides whatever bundle runs.
	PolicyBundle string
	// MigrateOnly brings the control database's schema up to date and ends.
	MigrateOnly bool
	Stderr      io.Writer
}

// BootstrapOptions are the flags of `aegis bootstrap`.
type BootstrapOptions struct {
	ConfigFile  string
	Estate      string
	Environment string
}

// Fault is what the local AWS does wrong on purpose; empty fields match all
// calls. It has no name of its own, so that a sandbox's faults are assignable.
type Fault = struct {
	ID      string `json:"id"`
	Region  string `json:"region,omitempty"`
	Service string `json:"service,omitempty"`
	Action  string `json:"action,omitempty"`
	// LatencyMS is added before the call, in milliseconds.
	LatencyMS int `json:"latency_ms,omitempty"`
	// ErrorRate is the share of calls that fail, 0 to 1.
	ErrorRate   float64 `json:"error_rate,omitempty"`
	ErrorCode   string  `json:"error_code,omitempty"`
	ErrorStatus int     `json:"error_status,omitempty"`
	Throttle    bool    `json:"throttle,omitempty"`
	// Unreachable breaks the connection.
	Unreachable bool `json:"unreachable,omitempty"`
}
