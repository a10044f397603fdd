package simulate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aegisworld/aegis"
)

// bundles makes candidates, under the settings that the running bundle has.
type bundles interface {
	// Running is the bundle that decides now.
	Running() Judge
	// Added is the running bundle with more modules, by path, and data.
	Added(ctx context.Context, modules map[string]string, data map[string]any) (Judge, error)
	// Instead is a bundle of its own, a .tar.gz.
	Instead(ctx context.Context, tarball []byte) (Judge, error)
}

// decisions streams what the gate decided, newest first.
type decisions interface {
	RecordedDecisions(ctx context.Context, since time.Time, changeSetIDs []string) iter.Seq2[aegis.Decision, error]
}

// stacks lists the estate.
type stacks interface {
	Stacks(ctx context.Context, page aegis.Page) ([]aegis.Stack, string, error)
}

// door says what the gate would judge, and changes nothing.
type door interface {
	// Preview plans a proposal.
	Preview(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.GateInput, error)
	// Inventory shows all that a stack has as if it were introduced now.
	Inventory(ctx context.Context, stackID string) (aegis.GateInput, error)
	// Suppose completes a hypothetical difference.
	Suppose(ctx context.Context, diff []aegis.ResourceChange) (aegis.GateInput, error)
}

// planner plans goals without proposing anything.
type planner interface {
	Rehearse(ctx context.Context, goal aegis.GoalSpec) (aegis.GoalPreview, []aegis.AutonomousChangeSet, error)
}

// Config is what a Simulator is made of.
type Config struct {
	Bundles   bundles
	Decisions decisions
	Stacks    stacks
	Door      door
	Planner   planner
	// Forbidden is what the door denies beside policy; see Options.
	Forbidden func(input aegis.GateInput, result aegis.GateResult) []aegis.RuleResult
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// mostTimeouts is how many decisions may take all the time that they have; a
// loop in a rule would keep all cores for hours.
const mostTimeouts = 20

// Simulator answers simulation requests, one at a time, since one takes all
// cores.
type Simulator struct {
	Config

	turn chan struct{}
}

// New makes a simulator of its parts.
func New(c Config) *Simulator {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Simulator{Config: c, turn: make(chan struct{}, 1)}
}

// Simulate answers a request; it ends early, with an error and no report, when
// ctx does. An InvalidError names the fields at fault; faults of Rego are of
// the field "modules" or "bundle" and begin with file, line and column.
func (s *Simulator) Simulate(ctx context.Context, r aegis.SimulationRequest) (aegis.Simulation, error) {
	q, err := parse(r)
	if err != nil {
		return aegis.Simulation{}, err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return aegis.Simulation{}, fmt.Errorf("wait for another simulation: %w", ctx.Err())
	}
	candidate, err := s.candidate(ctx, r)
	if err != nil {
		return aegis.Simulation{}, err
	}
	var notes []string
	cases := s.cases(ctx, q, func(note string) { notes = append(notes, note) })
	report, err := Run(ctx, Options{
		Running: s.Bundles.Running(), Candidate: candidate, Forbidden: s.Forbidden, MostTimeouts: mostTimeouts,
	}, cases)
	if errors.Is(err, ErrTooSlow) {
		return aegis.Simulation{}, invalid(field(r), err)
	}
	report.Notes = append(report.Notes, notes...)
	return report, err
}
