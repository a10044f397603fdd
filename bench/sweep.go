package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
)

// SweepConfig says what Sweep measures and with what.
type SweepConfig struct {
	// Engine has the tools of both engines, the account and the credentials; the
	// rest Sweep sets.
	Engine engine.Config
	// Region is where the resources are.
	Region string
	// LanguageHost is pulumi-language-go, and PulumiHome has the AWS plugin
	// installed: what the stock CLI needs.
	LanguageHost, PulumiHome string
	// Dir is an empty folder.
	Dir string
	// Stacks is how many stacks of ten resources the fleet has; 0 is 200.
	Stacks int
}

// sweeper is what the looks of one benchmark share.
type sweeper struct {
	SweepConfig

	engines *engine.Engines
	// others are the processes of the account, which are not counted.
	others map[int]bool

	// byEngine counts the looks that an engine was run for.
	byEngine atomic.Int64
}

// Sweep compares looks at clean stacks with the same by the stock engines, in
// turns, and measures a fleet of stacks of ten resources.
func Sweep(ctx context.Context, c SweepConfig, w io.Writer) error {
	if c.Stacks == 0 {
		c.Stacks = 200
	}
	// Providers that a stock engine leaves behind become ours, and count for it.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the parent of orphans: %w", err)
	}
	s, err := newSweeper(c)
	if err != nil {
		return err
	}
	defer s.engines.Close()
	var faults []error
	for _, size := range []struct {
		resources, runs int
	}{{10, 5}, {200, 3}} {
		terraform, err := s.newTerraform(ctx, size.resources)
		if err != nil {
			return err
		}
		floor, err := s.floor(ctx, terraform, size.runs)
		if err != nil {
			return err
		}
		pulumi, err := s.newPulumi(ctx, size.resources)
		if err != nil {
			return err
		}
		for _, peer := range []struct {
			name        string
			ours, stock func(context.Context) error
			bound       bool
		}{
			{"terraform plan -refresh-only", s.clean(terraform.run), terraform.stock, true},
			{"pulumi refresh --preview-only", s.clean(pulumi.run), pulumi.refresh, true},
			{"the same with the cache of our plugin", s.clean(pulumi.run), pulumi.cached, false},
		} {
			a, b, err := s.contest(ctx, size.runs, peer.ours, peer.stock)
			if err != nil {
				return fmt.Errorf("measure %s: %w", peer.name, err)
			}
			faults = append(faults, sweepReport(peer.name, size.resources, a, b, floor, peer.bound).write(w))
		}
	}
	return errors.Join(append(faults, s.fleet(ctx, w))...)
}

// sweepReport sets the bounds of a size: a share of what the stock engine
// takes, or half as much again as the bare reads take, where that is more.
func sweepReport(peer string, resources int, ours, stock, floor effort, bound bool) *report {
	wall, cpu := 0.25, 0.25
	if resources <= 10 {
		wall, cpu = 0.15, 0.15
	}
	wall = max(wall, 1.5*float64(floor.wall)/float64(stock.wall))
	cpu = max(cpu, 1.5*float64(floor.cpu)/float64(stock.cpu))
	if !bound {
		wall, cpu = 0, 0
	}
	r := &report{title: fmt.Sprintf("Look at a clean stack of %d resources, against %s", resources, peer)}
	r.duration("ours, wall p50", ours.wall, 0)
	r.duration("stock, wall p50", stock.wall, 0)
	r.duration("bare reads by the provider, wall p50", floor.wall, 0)
	r.add("wall / stock", float64(ours.wall)/float64(stock.wall), "×", wall)
	r.add("wall / bare reads", float64(ours.wall)/float64(floor.wall), "×", 0)
	r.duration("ours, CPU p50", ours.cpu, 0)
	r.duration("stock, CPU p50", stock.cpu, 0)
	r.duration("bare reads by the provider, CPU p50", floor.cpu, 0)
	r.add("CPU / stock", float64(ours.cpu)/float64(stock.cpu), "×", cpu)
	return r
}

func newSweeper(c SweepConfig) (*sweeper, error) {
	s := &sweeper{SweepConfig: c, others: descendants()}
	for _, dir := range []string{"state", "work", "workspaces"} {
		if err := os.Mkdir(filepath.Join(c.Dir, dir), 0o700); err != nil {
			return nil, fmt.Errorf("make a folder: %w", err)
		}
	}
	passphrase := filepath.Join(c.Dir, "passphrase")
	if err := os.WriteFile(passphrase, []byte("bench"), 0o600); err != nil {
		return nil, fmt.Errorf("write a passphrase: %w", err)
	}
	e := &s.Engine
	e.Program, e.WorkDir = sweepProgram, filepath.Join(c.Dir, "work")
	e.BackendURL, e.PassphraseFile = "file://"+filepath.Join(c.Dir, "state"), passphrase
	e.DigestKey, e.ProviderIdle = []byte("0123456789abcdef"), time.Hour
	e.TerraformSources = &tfsource.Sources{Roots: []string{c.Dir}}
	e.Looked = func(_ aegis.StackRun, path engine.LookPath) {
		if path == engine.LookEngine {
			s.byEngine.Add(1)
		}
	}
	var err error
	s.engines, err = engine.New(*e)
	if err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	return s, nil
}

// clean looks at a stack as a sweep does. It is an error when the stack has
// drifted or when the engine had to run, except for the first time.
func (s *sweeper) clean(run aegis.StackRun) func(context.Context) error {
	first := true
	return func(ctx context.Context) error {
		before := s.byEngine.Load()
		seen, err := s.engines.Refresh(ctx, run)
		if err != nil {
			return err
		}
		if len(seen.Drift) > 0 {
			return fmt.Errorf("a fresh stack has drifted: %+v", seen.Drift)
		}
		if s.byEngine.Load() != before && !first {
			return errors.New("a clean stack was not proven clean by reads")
		}
		first = false
		return nil
	}
}

// effort is the median time that something took, by the clock and of the CPUs.
type effort struct{ wall, cpu time.Duration }

// contest measures both alternately, after two runs of ours and one of the
// other that are not measured.
func (s *sweeper) contest(ctx context.Context, runs int, ours, stock func(context.Context) error) (a, b effort, err error) {
	if err := ours(ctx); err != nil {
		return a, b, err
	}
	type samples struct{ wall, cpu []time.Duration }
	var all [2]samples
	for i := range runs + 1 {
		for side, op := range []func(context.Context) error{ours, stock} {
			cpu, start := cpuTime(s.others), time.Now()
			if err := op(ctx); err != nil {
				return a, b, err
			}
			wall := time.Since(start)
			if i > 0 {
				all[side].wall = append(all[side].wall, wall)
				all[side].cpu = append(all[side].cpu, cpuTime(s.others)-cpu)
			}
		}
	}
	median := func(x samples) effort { return effort{percentile(x.wall, 0.5), percentile(x.cpu, 0.5)} }
	return median(all[0]), median(all[1]), nil
}
