package engine

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"

	"github.com/aegisworld/aegis"
)

func (p *pulumiEngine) preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	rec, err := p.recordPreview(ctx, run)
	if err != nil {
		return aegis.Plan{}, err
	}
	if err := rec.mismatch(); err != nil {
		return aegis.Plan{}, err
	}
	plan := rec.plan(p.cfg.DigestKey)
	if len(run.Targets) > 0 { // of which alone the events tell
		d, err := p.deployment(ctx, run)
		if err != nil {
			return aegis.Plan{}, err
		}
		plan.ResourceCount = len(d.index(run.Stack))
	}
	return plan, nil
}

func (p *pulumiEngine) recordPreview(ctx context.Context, run aegis.StackRun) (*recording, error) {
	program, err := p.program(run)
	if err != nil {
		return nil, err
	}
	if err := p.unlockDead(ctx, run); err != nil {
		return nil, err
	}
	urns, err := p.targets(ctx, run)
	if err != nil {
		return nil, err
	}
	s, err := p.open(ctx, run, program)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var rec *recording
	err = s.orCreate(ctx, func() error {
		rec, err = s.record(func(stream chan<- events.EngineEvent) error {
			if run.Destroy {
				opts := []optdestroy.Option{optdestroy.EventStreams(stream), optdestroy.SuppressProgress()}
				if run.Refresh {
					opts = append(opts, optdestroy.Refresh())
				}
				_, err := s.stack.PreviewDestroy(ctx, opts...)
				return err
			}
			opts := []optpreview.Option{optpreview.EventStreams(stream), optpreview.SuppressProgress()}
			if len(urns) > 0 {
				opts = append(opts, optpreview.Target(urns))
			}
			if run.Refresh {
				opts = append(opts, optpreview.Refresh())
			}
			_, err := s.stack.Preview(ctx, opts...)
			return err
		})
		return err
	})
	return rec, err
}

// observe reads the real resources, or the targets among them, and compares
// them with the state.
func (p *pulumiEngine) observe(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	if err := p.unlockDead(ctx, run); err != nil {
		return aegis.Observation{}, err
	}
	return p.cfg.glance(ctx, run, p.proveClean, p.look)
}

// look observes by a run of the engine.
func (p *pulumiEngine) look(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	if len(run.Targets) > 0 {
		return p.observeTargets(ctx, run)
	}
	rec, err := p.refresh(ctx, run)
	if err != nil {
		return aegis.Observation{}, err
	}
	seen := rec.observation(p.cfg.Now())
	seen.Resources = rec.index()
	return seen, nil
}

// targets are the URNs of the run's targets, none for all.
func (p *pulumiEngine) targets(ctx context.Context, run aegis.StackRun) ([]string, error) {
	if len(run.Targets) == 0 {
		return nil, nil
	}
	d, err := p.deployment(ctx, run)
	if err != nil {
		return nil, err
	}
	urns := d.urnsOf(run.Targets)
	if len(urns) == 0 { // without any the engine would take all
		return nil, fmt.Errorf("none of the targets is in the state of stack %s: %w", run.Stack.StackID, aegis.ErrNotFound)
	}
	return urns, nil
}

// observeTargets reads the targets only; what there is beside them, the state
// says. Targets that the state does not have are passed over.
func (p *pulumiEngine) observeTargets(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	d, err := p.deployment(ctx, run)
	if err != nil {
		return aegis.Observation{}, err
	}
	seen := aegis.Observation{StackID: run.Stack.StackID, Drift: []aegis.ResourceChange{}, Checks: []aegis.Check{}, ObservedAt: p.cfg.Now().UTC()}
	urns := d.urnsOf(run.Targets)
	if len(urns) > 0 {
		rec, err := p.refresh(ctx, run, optrefresh.Target(urns))
		if err != nil {
			return aegis.Observation{}, err
		}
		seen.Drift = rec.observation(p.cfg.Now()).Drift
	}
	seen.Targets, seen.Resources = run.Targets, d.index(run.Stack)
	seen.ResourceCount = len(seen.Resources)
	seen.Checks = checksOf(d.outputs())
	return seen, nil
}

// refresh reads the real resources and writes nothing.
func (p *pulumiEngine) refresh(ctx context.Context, run aegis.StackRun, opts ...optrefresh.Option) (*recording, error) {
	s, err := p.open(ctx, run, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	rec, err := s.record(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.PreviewRefresh(ctx, append(opts, optrefresh.EventStreams(stream), optrefresh.SuppressProgress())...)
		return err
	})
	if noStack(err) {
		return nil, fmt.Errorf("state of stack %s: %w", run.Stack.StackID, aegis.ErrNotFound)
	}
	return rec, err
}

// record runs op with a stream of events and returns what they said.
func (s *session) record(op func(chan<- events.EngineEvent) error) (*recording, error) {
	rec := newRecording(s.run)
	rec.dryRun = true
	stream, stop, done := make(chan events.EngineEvent), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		rec.listen(stream, stop)
	}()
	err := op(stream)
	if err != nil {
		close(stop) // the CLI may have ended without opening the stream
	}
	<-done
	if err != nil {
		return nil, s.failure(err, rec)
	}
	s.healthy = true
	return rec, nil
}
