package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aegisworld/aegis/bench"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// BenchOptions are the flags of `aegis bench`.
type BenchOptions struct {
	// Name is "all", or one of BenchNames.
	Name string
	// N is the number of kills at each point of "chaos".
	N int
	// Log receives the sandboxes' output.
	Log io.Writer
}

// BenchNames lists the benchmarks in the order of "all".
func BenchNames() []string { return []string{"startup", "goals", "engine", "latency", "chaos"} }

// Bench runs benchmarks against sandboxes of their own and prints their
// figures on w. It returns an error when a figure is above its bound.
func Bench(ctx context.Context, o BenchOptions, w io.Writer) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own binary: %w", err)
	}
	b := benchRun{options: o, executable: executable, w: w}
	all := map[string]func(context.Context) error{
		"startup": b.startup, "goals": b.goals, "engine": b.engine, "latency": b.latency, "chaos": b.chaos,
	}
	if o.Name != "all" {
		run, ok := all[o.Name]
		if !ok {
			return fmt.Errorf("no benchmark %q; there are %v and all", o.Name, BenchNames())
		}
		return run(ctx)
	}
	var faults []error
	for _, name := range BenchNames() {
		if ctx.Err() == nil {
			faults = append(faults, all[name](ctx))
		}
	}
	return errors.Join(faults...)
}

type benchRun struct {
	options    BenchOptions
	executable string
	w          io.Writer
}

func (b benchRun) startup(ctx context.Context) error { return bench.Startup(ctx, b.executable, b.w) }

func (b benchRun) goals(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Goals(ctx, p, 20, b.w), p.Stop(ctx))
	})
}

func (b benchRun) latency(ctx context.Context) error {
	return b.withSandbox(ctx, "small", func(p *e2e.Process) error {
		return errors.Join(bench.Latency(ctx, p, 10, b.w), p.Stop(ctx))
	})
}

func (b benchRun) chaos(ctx context.Context) error {
	return b.withSandbox(ctx, "small", func(p *e2e.Process) error { return bench.Chaos(ctx, p, b.options.N, b.w) })
}

// withSandbox runs do on a converged sandbox in a scratch folder; do stops it.
func (b benchRun) withSandbox(ctx context.Context, estate string, do func(*e2e.Process) error) error {
	dir, err := os.MkdirTemp("", "aegis-bench-*")
	if err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	p, err := e2e.Start(ctx, e2e.Options{Executable: b.executable, DataDir: filepath.Join(dir, "data"), Estate: estate, Log: b.options.Log})
	if err != nil {
		return err
	}
	if estate != "none" {
		if err := e2e.AwaitEstate(ctx, client.New(p.URL, p.Token), 1); err != nil {
			return errors.Join(err, p.Stop(ctx))
		}
	}
	return do(p)
}
