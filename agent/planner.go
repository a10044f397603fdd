package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// Actor is the name under which the planner proposes; a breaker of scope
// agent with this key stops it.
const Actor = "planner"

// goals keeps goals. UpdateGoal returns ErrConflict when the goal has ended.
type goals interface {
	Goal(ctx context.Context, id string) (aegis.Goal, error)
	UpdateGoal(ctx context.Context, g aegis.Goal) error
}

// stacks lists the estate, newest first.
type stacks interface {
	Stacks(ctx context.Context, page aegis.Page) ([]aegis.Stack, string, error)
}

// specs reads applied specs; revision 0 is the newest.
type specs interface {
	SpecRevision(ctx context.Context, stackID string, revision int64) (aegis.SpecRevision, error)
}

// changeSets lists change sets, newest first.
type changeSets interface {
	ChangeSets(ctx context.Context, filter aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error)
}

// door is the one way to change anything.
type door interface {
	Propose(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error)
	Cancel(ctx context.Context, changeSetID, actor string) error
}

// pricer estimates what a difference costs a month.
type pricer interface {
	Delta(changes []aegis.ResourceChange) (usdMonth float64, unknown []string)
}

// Config is what a Planner is made of.
type Config struct {
	Goals      goals
	Stacks     stacks
	Specs      specs
	ChangeSets changeSets
	Door       door
	// Pricer estimates against the goal's budget before anything is proposed;
	// nil leaves that to the gate.
	Pricer pricer
	// Validate refuses a spec that its program would not take.
	Validate func(aegis.Spec) error
	// Regions are the estate's, the primary first.
	Regions []string
	// Now is the clock; nil is time.Now.
	Now    func() time.Time
	Logger *slog.Logger
}

// Planner turns goals into change sets. It keeps nothing in memory between
// calls and is safe for concurrent use.
type Planner struct {
	Config

	grammar *grammar
}

// New makes a planner of its parts.
func New(c Config) *Planner {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Planner{Config: c, grammar: newGrammar(c.Regions)}
}

// Run plans a goal: it reads the intent, proposes the change sets, and leaves
// the goal running; or succeeded, when everything is so already; or failed,
// with Understanding and Error. It may be called again after a crash: layers
// that have a change set are not proposed twice. An error means that
// machinery broke and that trying again may help.
func (p *Planner) Run(ctx context.Context, goalID string) error {
	goal, err := p.Goals.Goal(ctx, goalID)
	if err != nil {
		return fmt.Errorf("plan goal: %w", err)
	}
	switch {
	case goal.State.Terminal():
		return nil
	case goal.State == aegis.GoalRunning:
		return p.Settle(ctx, goalID)
	}
	err = p.run(ctx, goal)
	if errors.Is(err, aegis.ErrConflict) && p.ended(ctx, goalID) {
		return nil // cancelled meanwhile
	}
	if err != nil {
		return fmt.Errorf("plan goal %s: %w", goalID, err)
	}
	return nil
}

func (p *Planner) run(ctx context.Context, goal aegis.Goal) error {
	proposed, err := p.changeSetsOf(ctx, goal.GoalID)
	if err != nil {
		return err
	}
	plan, err := p.plan(ctx, goal.GoalSpec, layersOf(proposed))
	if len(proposed) == 0 || goal.Understanding == "" {
		goal.Understanding = plan.understanding()
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return p.fail(ctx, goal, refused, proposed)
	}
	if err != nil {
		return err
	}
	goal.State = aegis.GoalPlanning
	if err := p.Goals.UpdateGoal(ctx, goal); err != nil {
		return err
	}
	if err := p.propose(ctx, goal, plan); err != nil {
		if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
			return p.withdraw(ctx, goal, &refusal{text: invalid.Error()})
		}
		return err
	}
	goal.State = aegis.GoalRunning
	if len(proposed) == 0 && len(plan.layers) == 0 {
		goal.State = aegis.GoalSucceeded
	}
	p.Logger.InfoContext(ctx, "goal planned", "goal_id", goal.GoalID, "state", goal.State, "change_sets", len(plan.layers))
	if err := p.Goals.UpdateGoal(ctx, goal); err != nil {
		return err
	}
	return p.Settle(ctx, goal.GoalID)
}

// propose hands one change set per layer to the door.
func (p *Planner) propose(ctx context.Context, goal aegis.Goal, plan plan) error {
	for _, l := range plan.layers {
		cs, err := p.Door.Propose(ctx, l.changeSet(goal, plan.limits))
		if err != nil {
			return fmt.Errorf("propose layer %s: %w", l.name, err)
		}
		p.Logger.DebugContext(ctx, "change set proposed", "goal_id", goal.GoalID, "change_set_id", cs.ChangeSetID)
	}
	return nil
}

// fail ends a goal that can't be planned and stops what a try before proposed.
func (p *Planner) fail(ctx context.Context, goal aegis.Goal, why *refusal, proposed []aegis.AutonomousChangeSet) error {
	goal.State, goal.Error = aegis.GoalFailed, why.text
	p.Logger.InfoContext(ctx, "goal refused", "goal_id", goal.GoalID)
	if err := p.Goals.UpdateGoal(ctx, goal); err != nil {
		return err
	}
	return p.cancelAll(ctx, proposed, Actor)
}

// withdraw fails a goal when the door refuses one of its change sets.
func (p *Planner) withdraw(ctx context.Context, goal aegis.Goal, why *refusal) error {
	proposed, err := p.changeSetsOf(ctx, goal.GoalID)
	if err != nil {
		return err
	}
	return p.fail(ctx, goal, why, proposed)
}

func (p *Planner) ended(ctx context.Context, goalID string) bool {
	goal, err := p.Goals.Goal(ctx, goalID)
	return err == nil && goal.State.Terminal()
}
