package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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

// BenchNames lists the benchmarks in the order of "all".
func BenchNames() []string {
	return []string{"startup", "acknowledge", "goals", "latency", "gate", "replay", "reload", "drift", "events", "memory", "sweep", "ledger", "kernel", "sessions", "estate", "chaos"}
}

// Bench runs the named benchmark, or all, against sandboxes of their own and
// prints their figures on w. It returns an error when a figure is above its
// bound. Arguments are [NAME] [--n KILLS] [--sandboxes COUNT] [--memories COUNT]
// [--sessions COUNT] [-o json] [--log FILE], and for goals [--apply] [--only ID,…] [--limit COUNT]
// [--model NAME --config FILE].
func Bench(ctx context.Context, args []string, w io.Writer) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own binary: %w", err)
	}
	tuneCollector() // what is measured in this process runs as in a worker
	b := benchRun{executable: executable, w: w}
	name, args := "all", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.IntVar(&b.kills, "n", 3, "kills at each point of chaos")
	flags.IntVar(&b.sandboxes, "sandboxes", 1, "sandboxes that share the kills of chaos, side by side")
	flags.Func("o", "json for the score of goals as JSON", func(format string) error {
		b.plans.AsJSON = format == "json"
		if !b.plans.AsJSON {
			return fmt.Errorf("%q is not json", format)
		}
		return nil
	})
	flags.IntVar(&b.sessions, "sessions", 10_000, "goals that are open at once")
	flags.BoolVar(&b.plans.Apply, "apply", false, "submit a sample of 20 goals for real, and wait for their ends")
	flags.Func("only", "ids of the goals that are planned, with commas between", func(ids string) error {
		b.plans.Only = append(b.plans.Only, strings.Split(ids, ",")...)
		return nil
	})
	flags.IntVar(&b.plans.Limit, "limit", 0, "most goals that are planned; 0 is all")
	flags.StringVar(&b.plans.Model, "model", "", "id of the configured model that reads goals which the built-in planner can't")
	flags.StringVar(&b.config, "config", "", "configuration whose models has that model")
	flags.IntVar(&b.memories, "memories", 100_000, "memories that are searched")
	flags.Func("log", "file that gets the sandboxes' output", b.openLog)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("parse flags: %w", err)
	}
	all := map[string]func(context.Context) error{
		"startup": b.startup, "acknowledge": b.acknowledge, "goals": b.goals, "latency": b.latency, "gate": b.gate, "replay": b.replay, "reload": b.reload,
		"drift": b.drift, "events": b.events, "memory": b.memory, "sweep": b.sweep, "ledger": b.ledger,
		"kernel": b.kernel, "sessions": b.openSessions, "estate": b.estate, "chaos": b.chaos,
	}
	if b.kills < 1 || b.sandboxes < 1 || b.sessions < 1 {
		return errors.New("--n, --sandboxes and --sessions are at least 1")
	}
	if b.memories < bench.FewestMemories {
		return fmt.Errorf("--memories is at least %d", bench.FewestMemories)
	}
	if name != "all" {
		run, ok := all[name]
		if !ok {
			return fmt.Errorf("no benchmark %q; there are %v and all", name, BenchNames())
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
	executable string
	w          io.Writer
	kills      int
	sandboxes  int
	plans      bench.PlansConfig
	config     string
	modelsFile string
	memories   int
	sessions   int
	log        io.Writer
}

func (b *benchRun) openLog(path string) error {
	file, err := os.Create(path) //nolint:gosec // the caller names the file
	b.log = file
	return err
}

func (b benchRun) startup(ctx context.Context) error { return bench.Startup(ctx, b.executable, b.w) }

func (b benchRun) acknowledge(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Acknowledge(ctx, p, 20, b.w), p.Stop(ctx))
	})
}

func (b benchRun) goals(ctx context.Context) error {
	if b.plans.Model != "" {
		dir, remove, err := scratch()
		if err != nil {
			return err
		}
		defer remove()
		if b.modelsFile, err = oneModel(b.config, b.plans.Model, dir); err != nil {
			return err
		}
	}
	return b.withSandbox(ctx, "small", func(p *e2e.Process) error {
		return errors.Join(bench.Plans(ctx, p, b.plans, b.w), p.Stop(ctx))
	})
}

func (b benchRun) latency(ctx context.Context) error {
	return b.withSandbox(ctx, "small", func(p *e2e.Process) error {
		return errors.Join(bench.Latency(ctx, p, 10, b.w), p.Stop(ctx))
	})
}

func (b benchRun) gate(ctx context.Context) error {
	return bench.Gate(ctx, func(record func(*e2e.Process) error) error {
		return b.withSandbox(ctx, "none", func(p *e2e.Process) error { return errors.Join(record(p), p.Stop(ctx)) })
	}, b.w)
}

func (b benchRun) replay(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Replay(ctx, p, b.w), p.Stop(ctx))
	})
}

func (b benchRun) reload(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Reload(ctx, p, b.w), p.Stop(ctx))
	})
}

func (b benchRun) drift(ctx context.Context) error {
	return b.withSandbox(ctx, "small", func(p *e2e.Process) error {
		return errors.Join(bench.Drift(ctx, p, 20, b.w), p.Stop(ctx))
	})
}

func (b benchRun) events(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Events(ctx, p, b.w), p.Stop(ctx))
	})
}

func (b benchRun) ledger(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Ledger(ctx, p, b.w), p.Stop(ctx))
	})
}

func (b benchRun) kernel(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Kernel(ctx, p, b.w), p.Stop(ctx))
	})
}

func (b benchRun) openSessions(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Sessions(ctx, p, b.sessions, b.w), p.Stop(ctx))
	})
}

func (b benchRun) memory(ctx context.Context) error {
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Memories(ctx, p, b.memories, b.w), p.Stop(ctx))
	})
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
	return b.withSandbox(ctx, "none", func(p *e2e.Process) error {
		return errors.Join(bench.Sweep(ctx, bench.SweepConfig{
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
		}, b.w), p.Stop(ctx))
	})
}

func (b benchRun) chaos(ctx context.Context) error {
	var chaos bench.Chaos
	struck, ctx := errgroup.WithContext(ctx)
	for i := range b.sandboxes {
		kills := (b.kills + i) / b.sandboxes
		struck.Go(func() error {
			return b.withSandbox(ctx, "small", func(p *e2e.Process) error { return chaos.Strike(ctx, p, kills) })
		})
	}
	return errors.Join(struck.Wait(), chaos.Write(b.w))
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
