package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/bench"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/toolchain"
	"github.com/aegisworld/aegis/stacks"
)

// BenchNames lists the benchmarks in the order in which all are run.
func BenchNames() []string {
	return []string{"startup", "acknowledge", "goals", "latency", "gate", "replay", "reload", "drift", "events", "memory", "sweep", "ledger", "kernel", "sessions", "estate", "chaos"}
}

// BenchOptions are the flags of `aegis bench NAME`.
type BenchOptions struct {
	// Name is one of BenchNames; "" is all of them.
	Name string
	// Kills are those of chaos at each point, shared by so many Sandboxes.
	Kills, Sandboxes int
	// Memories are searched, Sessions are goals that are open at once.
	Memories, Sessions int
	// Only are ids of goals, Limit the most of them; none and 0 are all.
	Only  []string
	Limit int
	// Apply submits a sample of goals for real.
	Apply bool
	// Model is the id of one of the models of ConfigFile that reads goals.
	Model, ConfigFile string
	// JSON is the score of goals in JSON; LogFile gets what sandboxes say.
	JSON    bool
	LogFile string
}

func (o BenchOptions) check() error {
	if o.Kills < 1 || o.Sandboxes < 1 || o.Sessions < 1 {
		return errors.New("--n, --sandboxes and --sessions are at least 1")
	}
	if o.Memories < bench.FewestMemories {
		return fmt.Errorf("--memories is at least %d", bench.FewestMemories)
	}
	return nil
}

// Bench runs the named benchmark, or all, against sandboxes of their own and
// prints their figures on w. It returns an error when a figure is out of its
// bound.
func Bench(ctx context.Context, o BenchOptions, w io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own binary: %w", err)
	}
	b := benchRun{BenchOptions: o, executable: executable, w: w}
	if o.LogFile != "" {
		file, err := os.Create(o.LogFile)
		if err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		defer func() { _ = file.Close() }()
		b.log = file
	}
	tuneCollector() // what is measured in this process runs as in a worker
	all := b.all()
	if o.Name != "" {
		run, ok := all[o.Name]
		if !ok {
			return fmt.Errorf("no benchmark %q; there are %v", o.Name, BenchNames())
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

// LedgerWorker is a process that the benchmark ledger starts, and kills.
func LedgerWorker(ctx context.Context, w io.Writer) error {
	address := os.Getenv(bench.LedgerDatabase)
	if address == "" {
		return errors.New("`aegis bench ledger` starts this; run that")
	}
	return bench.LedgerWorker(ctx, address, w)
}

type benchRun struct {
	BenchOptions

	executable string
	w          io.Writer
	modelsFile string
	log        io.Writer
}

// all are the benchmarks by their names.
func (b benchRun) all() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"startup":     func(ctx context.Context) error { return bench.Startup(ctx, b.executable, b.w) },
		"acknowledge": b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Acknowledge(ctx, p, 20, b.w) }),
		"goals":       b.goals,
		"latency":     b.on("small", func(ctx context.Context, p *e2e.Process) error { return bench.Latency(ctx, p, 10, b.w) }),
		"gate":        b.gate,
		"replay":      b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Replay(ctx, p, b.w) }),
		"reload":      b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Reload(ctx, p, b.w) }),
		"drift":       b.on("small", func(ctx context.Context, p *e2e.Process) error { return bench.Drift(ctx, p, 20, b.w) }),
		"events":      b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Events(ctx, p, b.w) }),
		"memory":      b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Memories(ctx, p, b.Memories, b.w) }),
		"sweep":       b.sweep,
		"ledger":      b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Ledger(ctx, p, b.executable, b.w) }),
		"kernel":      b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Kernel(ctx, p, b.w) }),
		"sessions":    b.on("none", func(ctx context.Context, p *e2e.Process) error { return bench.Sessions(ctx, p, b.Sessions, b.w) }),
		"estate":      b.estate,
		"chaos":       b.chaos,
	}
}

// on measures a sandbox with an estate of that size, which is stopped then.
func (b benchRun) on(size string, measure func(context.Context, *e2e.Process) error) func(context.Context) error {
	return func(ctx context.Context) error {
		return b.withSandbox(ctx, size, func(p *e2e.Process) error { return errors.Join(measure(ctx, p), p.Stop(ctx)) })
	}
}

func (b benchRun) goals(ctx context.Context) error {
	plans := bench.PlansConfig{Apply: b.Apply, Only: b.Only, Limit: b.Limit, Model: b.Model, AsJSON: b.JSON}
	if b.Model != "" {
		dir, remove, err := scratch()
		if err != nil {
			return err
		}
		defer remove()
		if b.modelsFile, err = oneModel(b.ConfigFile, b.Model, dir); err != nil {
			return err
		}
	}
	return b.on("small", func(ctx context.Context, p *e2e.Process) error { return bench.Plans(ctx, p, plans, b.w) })(ctx)
}

func (b benchRun) gate(ctx context.Context) error {
	return bench.Gate(ctx, func(record func(*e2e.Process) error) error {
		return b.on("none", func(_ context.Context, p *e2e.Process) error { return record(p) })(ctx)
	}, b.w)
}

func (b benchRun) sweep(ctx context.Context) error {
	tools, err := toolchain.Detect(ctx, toolOptions())
	if err != nil {
		return fmt.Errorf("look for tools: %w", err)
	}
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	return b.on("none", func(ctx context.Context, p *e2e.Process) error {
		return bench.Sweep(ctx, bench.SweepConfig{
			Region: p.Regions[0], LanguageHost: tools.LanguageHost, PulumiHome: tools.PulumiHome, Dir: dir,
			Engine: engine.Config{
				PulumiCLI: tools.PulumiCLI, AWSPlugin: tools.AWSPlugin, PluginCache: tools.PluginCache,
				TerraformProviderAWS: tools.TerraformProviderAWS, TerraformCLI: tools.TerraformCLI, TerraformRC: tools.TerraformRC,
				AWSEndpoint: p.AWSEndpoint,
				Credentials: func(context.Context, aegis.StackRun) (aegis.Credentials, error) {
					return aegis.Credentials{
						AccessKeyID: p.AWSAccessKeyID, SecretAccessKey: p.AWSSecretAccessKey, Expires: time.Now().Add(time.Hour),
					}, nil
				},
			},
		}, b.w)
	})(ctx)
}

func (b benchRun) chaos(ctx context.Context) error {
	var chaos bench.Chaos
	struck, ctx := errgroup.WithContext(ctx)
	for i := range b.Sandboxes {
		kills := (b.Kills + i) / b.Sandboxes
		struck.Go(func() error { return b.strike(ctx, &chaos, kills) })
	}
	return errors.Join(struck.Wait(), chaos.Write(b.w))
}

// strike strikes one sandbox, which has models of its own.
func (b benchRun) strike(ctx context.Context, chaos *bench.Chaos, kills int) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	reader, err := bench.StartReader(dir)
	if err != nil {
		return fmt.Errorf("start models: %w", err)
	}
	defer reader.Close()
	b.modelsFile = reader.File
	return b.withSandbox(ctx, "small", func(p *e2e.Process) error { return chaos.Strike(ctx, p, reader, kills) })
}

func (b benchRun) estate(ctx context.Context) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	var p *e2e.Process
	err = bench.Estate(ctx, func(ctx context.Context) (*e2e.Process, error) {
		p, err = b.start(ctx, dir, stacks.SizeFull)
		return p, err
	}, b.w)
	if p != nil {
		err = errors.Join(err, p.Stop(ctx))
	}
	return err
}

// scratch makes a folder for one benchmark.
func scratch() (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "aegis-bench-*"); err != nil {
		return "", nil, fmt.Errorf("make scratch folder: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// start starts a sandbox in a scratch folder.
func (b benchRun) start(ctx context.Context, dir, estate string) (*e2e.Process, error) {
	options := e2e.Options{Executable: b.executable, DataDir: filepath.Join(dir, "data"), Estate: estate, Log: b.log}
	if b.modelsFile != "" {
		options.Args = append(options.Args, "--models", b.modelsFile)
	}
	return e2e.Start(ctx, options)
}

// withSandbox runs do on a converged sandbox in a scratch folder; do stops it.
func (b benchRun) withSandbox(ctx context.Context, estate string, do func(*e2e.Process) error) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	p, err := b.start(ctx, dir, estate)
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
