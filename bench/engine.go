package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/stacks"
)

// EngineConfig says what Engine measures and with what.
type EngineConfig struct {
	// Engine is complete for Pulumi; its backend holds the stacks of both.
	Engine engine.Config
	// Region is where the stacks are.
	Region string
	// Program is the estate's program, built from cmd/estate, LanguageHost
	// pulumi-language-go, and PulumiHome has the AWS plugin installed: what the
	// stock CLI needs.
	Program, LanguageHost, PulumiHome string
	// Runs is how often each operation is measured; 0 is 5.
	Runs int
}

// Engine compares previews, applies and refreshes of a network stack with
// nothing to change with the same by the stock CLI and the plain stand-in, in
// turns, and prints the ratios of the medians and the memory of both trees of
// processes.
func Engine(ctx context.Context, c EngineConfig, w io.Writer) error {
	if c.Runs == 0 {
		c.Runs = 5
	}
	others := descendantMemory(os.Getpid())
	ours, err := newOurs(ctx, c)
	if err != nil {
		return err
	}
	defer ours.engines.Close()
	stock, err := newStock(ctx, c)
	if err != nil {
		return err
	}
	defer stock.close()
	r := report{}
	for _, op := range []struct {
		name        string
		bound       float64
		ours, stock func(context.Context) error
	}{
		{"preview", 0.4, ours.preview, stock.preview},
		{"up", 0.6, ours.apply, stock.up},
		{"refresh", 0.85, ours.refresh, stock.refresh},
	} {
		a, b, err := inTurns(ctx, c.Runs, others, op.ours, op.stock)
		if err != nil {
			return fmt.Errorf("measure %s: %w", op.name, err)
		}
		r.duration(op.name+", ours p50", a.p50(), 0)
		r.duration(op.name+", stock p50", b.p50(), 0)
		r.add(op.name+", ratio", float64(a.p50())/float64(b.p50()), "×", op.bound)
		r.add(op.name+", memory of our processes", float64(a.peak)/(1<<20), "MiB", 0)
		r.add(op.name+", memory of stock processes", float64(b.peak)/(1<<20), "MiB", 0)
	}
	r.title = fmt.Sprintf("Engine runs on a stack of %d resources, nothing to change", ours.resources)
	return r.write(w)
}

// sample is what was measured of one operation.
type sample struct {
	times []time.Duration
	peak  uint64 // bytes
}

func (s sample) p50() time.Duration { return percentile(s.times, 0.5) }

// inTurns measures a and b alternately, after one run of each that is not
// measured. Memory that others had before is not counted, nor, for b, what a
// keeps running between its runs.
func inTurns(
	ctx context.Context, runs int, others uint64, a, b func(context.Context) error,
) (sa, sb sample, err error) {
	for i := range runs + 1 {
		for _, side := range []struct {
			op func(context.Context) error
			to *sample
		}{{a, &sa}, {b, &sb}} {
			base := others
			if side.to == &sb {
				base = descendantMemory(os.Getpid())
			}
			memory := watchMemory(ctx)
			start := time.Now()
			err := side.op(ctx)
			took, peak := time.Since(start), memory()
			if err != nil {
				return sa, sb, err
			}
			if i > 0 {
				side.to.times = append(side.to.times, took)
				side.to.peak = max(side.to.peak, peak-min(base, peak))
			}
		}
	}
	return sa, sb, nil
}

// ours is the product's side.
type ours struct {
	engines   *engine.Engines
	run       aegis.StackRun
	digest    string
	resources int
}

// newOurs creates the stack.
func newOurs(ctx context.Context, c EngineConfig) (*ours, error) {
	spec, err := benchSpec("ours", c.Region)
	if err != nil {
		return nil, err
	}
	engines, err := engine.New(c.Engine)
	if err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	o := &ours{engines: engines, run: aegis.StackRun{
		Stack: aegis.Stack{
			StackID: stacks.StackID(spec), Kind: aegis.TargetPulumiStack, Region: c.Region,
			Environment: spec.Environment, Layer: spec.Layer,
		},
		Spec: spec, ChangeSetID: "cs-bench", FencingToken: 1,
		Policy: &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{c.Region}}},
	}}
	for range 2 { // create, then learn the digest of nothing to do
		if err := errors.Join(o.preview(ctx), o.apply(ctx)); err != nil {
			engines.Close()
			return nil, err
		}
	}
	return o, o.preview(ctx)
}

func (o *ours) preview(ctx context.Context) error {
	plan, err := o.engines.Preview(ctx, o.run)
	o.digest, o.resources = plan.Digest, plan.ResourceCount
	return err
}

func (o *ours) apply(ctx context.Context) error {
	_, err := o.engines.Apply(ctx, o.run, o.digest)
	return err
}

func (o *ours) refresh(ctx context.Context) error {
	seen, err := o.engines.Refresh(ctx, o.run)
	if err == nil && len(seen.Drift) > 0 {
		return fmt.Errorf("a fresh stack has drifted: %+v", seen.Drift)
	}
	return err
}

// benchSpec is a network of one zone in an environment of its own.
func benchSpec(environment, region string) (aegis.Spec, error) {
	specs, err := stacks.Estate(stacks.SizeSmall, environment, []string{region})
	if err != nil {
		return aegis.Spec{}, fmt.Errorf("make the spec: %w", err)
	}
	i := slices.IndexFunc(specs, func(s aegis.Spec) bool { return s.Layer == aegis.LayerNetwork })
	spec := specs[i]
	var network aegis.NetworkSpec
	if err := json.Unmarshal(spec.Parameters, &network); err != nil {
		return aegis.Spec{}, fmt.Errorf("read the spec: %w", err)
	}
	network.Zones, network.NAT = 1, "none"
	spec.Parameters, err = json.Marshal(network)
	return spec, err
}
