package engine

import (
	"context"
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
	if err := saveSnapshot(ctx, p.cfg.Snapshots, snap, err); err != nil {
		return aegis.ApplyResult{}, err
	}
	if run.Destroy {
		return p.destroy(ctx, run, judged, healed)
	}
	rec, err := p.update(ctx, run, judged)
	if err != nil {
		return aegis.ApplyResult{Healed: healed}, err
	}
	res := rec.result()
	res.Healed = healed
	return res, nil
}

// update previews and applies in one run of the CLI. The preview becomes the
// plan that constrains the update, and the program, called a second time for
// the update, refuses when the preview's digest is not the judged one.
func (p *pulumiEngine) update(ctx context.Context, run aegis.StackRun, judged string) (*recording, error) {
	program, err := p.program(run)
	if err != nil {
		return nil, err
	}
	phases := &phases{run: run}
	server, err := serveEvents(phases.next)
	if err != nil {
		return nil, fmt.Errorf("listen for engine events: %w", err)
	}
	defer server.Close()
	mismatch := false
	s, err := p.open(ctx, run, func(pc *pulumi.Context) error {
		if !pc.DryRun() && phases.preview().plan(p.cfg.DigestKey).Digest != judged {
			mismatch = true
			return aegis.ErrDigestMismatch
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
		if run.Refresh {
			opts = append(opts, optup.Refresh())
		}
		_, err := s.stack.Up(ctx, opts...)
		if mismatch {
			return aegis.ErrDigestMismatch
		}
		if err != nil {
			return s.failure(err, phases.last())
		}
		return nil
	})
	s.healthy = err == nil || mismatch
	return phases.last(), err
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

// destroy removes everything. No program runs, so the plan is judged before.
func (p *pulumiEngine) destroy(ctx context.Context, run aegis.StackRun, judged string, healed []string) (aegis.ApplyResult, error) {
	res := aegis.ApplyResult{StackID: run.Stack.StackID, Outputs: map[string]any{}, Healed: healed}
	if judged != "" {
		plan, err := p.preview(ctx, run)
		if err != nil {
			return res, err
		}
		if plan.Digest != judged {
			return res, aegis.ErrDigestMismatch
		}
	}
	s, err := p.open(ctx, run, nil)
	if err != nil {
		return res, err
	}
	defer s.close()
	_, err = s.record(func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress(), optdestroy.SuppressOutputs())
		return err
	})
	return res, err
}

var _ auto.PulumiCommand = (*pulumiCommand)(nil)
