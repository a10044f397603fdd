package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

func (p *pulumiEngine) apply(ctx context.Context, run aegis.StackRun, judged string) (aegis.ApplyResult, error) {
	healed, err := p.repair(ctx, run)
	if err != nil {
		return aegis.ApplyResult{}, err
	}
	snap, err := p.snapshot(ctx, run)
	j, err := p.cfg.newJudge(run, judged, snap, err)
	if err != nil {
		return aegis.ApplyResult{}, err
	}
	do := p.update
	if run.Destroy {
		do = p.destroy
	}
	rec, err := do(ctx, run, j)
	if err != nil {
		return aegis.ApplyResult{StackID: run.Stack.StackID, Healed: healed}, err
	}
	res := rec.result()
	res.Healed, res.Resources = healed, rec.index()
	if len(run.Targets) > 0 { // of which alone the events tell
		d, err := p.deployment(ctx, run)
		if err != nil {
			return res, err
		}
		res.Outputs, res.Resources = d.outputs(), d.index(run.Stack)
		res.Checks, res.ResourceCount = checksOf(res.Outputs), len(res.Resources)
	}
	return res, nil
}

// update previews and applies in one run of the CLI. The preview becomes the
// plan that constrains the update, and the program, called a second time for
// the update, asks the judge about it.
func (p *pulumiEngine) update(ctx context.Context, run aegis.StackRun, j *judge) (*recording, error) {
	program, err := p.program(run)
	if err != nil {
		return nil, err
	}
	urns, err := p.targets(ctx, run)
	if err != nil {
		return nil, err
	}
	phases := &phases{run: run}
	server, err := serveEvents(phases.next)
	if err != nil {
		return nil, fmt.Errorf("listen for engine events: %w", err)
	}
	defer server.Close()
	var refused error
	s, err := p.open(ctx, run, func(pc *pulumi.Context) error {
		if pc.DryRun() {
			return program(pc)
		}
		if refused = phases.preview().pass(ctx, j, p.cfg.DigestKey); refused != nil {
			return refused
		}
		return program(pc)
	})
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.command.judged, s.command.eventLog = true, server.addr
	err = s.orCreate(ctx, func() error {
		opts := []optup.Option{optup.SuppressProgress(), optup.SuppressOutputs()}
		if len(urns) > 0 {
			opts = append(opts, optup.Target(urns))
		}
		if run.Refresh {
			opts = append(opts, optup.Refresh())
		}
		_, err := s.stack.Up(ctx, opts...)
		if refused != nil {
			return refused
		}
		if err != nil {
			return s.failure(err, phases.last())
		}
		return nil
	})
	s.healthy = err == nil || refused != nil
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, p.settleCancelled(context.WithoutCancel(ctx), run, phases.last()))
	}
	return phases.last(), j.finish(ctx, err, p.left(run))
}

// pass asks the judge about a preview that may be applied at all.
func (r *recording) pass(ctx context.Context, j *judge, key []byte) error {
	if err := r.mismatch(); err != nil {
		return err
	}
	return j.allow(ctx, r.plan(key))
}

// phases are the recordings of one update: its preview and its execution.
type phases struct {
	mu   sync.Mutex
	run  aegis.StackRun
	recs []*recording
}

func (ps *phases) next() *recording {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	rec := newRecording(ps.run)
	rec.dryRun = len(ps.recs) == 0
	ps.recs = append(ps.recs, rec)
	return rec
}

func (ps *phases) preview() *recording {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(ps.recs) == 0 {
		return newRecording(ps.run)
	}
	return ps.recs[0]
}

func (ps *phases) last() *recording {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(ps.recs) == 0 {
		return newRecording(ps.run)
	}
	return ps.recs[len(ps.recs)-1]
}

// destroy removes everything. No program runs, so the plan is made before.
func (p *pulumiEngine) destroy(ctx context.Context, run aegis.StackRun, j *judge) (*recording, error) {
	plan, err := p.preview(ctx, run)
	if err != nil {
		return nil, err
	}
	if err := j.allow(ctx, plan); err != nil {
		return nil, err
	}
	s, err := p.open(ctx, run, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	rec, err := s.record(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress(), optdestroy.SuppressOutputs())
		return err
	})
	return rec, j.finish(ctx, err, p.left(run))
}

// left reads the state that an apply leaves.
func (p *pulumiEngine) left(run aegis.StackRun) func(context.Context) (Snapshot, error) {
	return func(ctx context.Context) (Snapshot, error) { return p.snapshot(ctx, run) }
}

var _ auto.PulumiCommand = (*pulumiCommand)(nil)
