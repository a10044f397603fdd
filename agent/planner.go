package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
)

// Actor is the name under which the planner proposes for goals that name no other
// agent; a breaker of scope agent with this key stops those.
const Actor = "planner"

// actor is who carries a goal out.
func actor(goal aegis.Goal) string { return cmp.Or(goal.Agent, Actor) }

// goals keeps goals. UpdateGoal returns ErrConflict when the goal has ended.
type goals interface {
	Goal(ctx context.Context, id string) (aegis.Goal, error)
	// UpdateGoal also adds the steps to the goal's trace.
	UpdateGoal(ctx context.Context, g aegis.Goal, steps ...aegis.TraceStep) error
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
	// Try says what would become of a proposal, and proposes nothing.
	Try(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.Trial, error)
}

// agents are those that people made.
type agents interface {
	Agent(ctx context.Context, id string) (aegis.Agent, error)
	// MayAct is ErrForbidden where who made the agent may not operate any more.
	MayAct(ctx context.Context, name string) error
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
	// Models say again what the grammar can't read; nil asks none.
	Models models
	// Tools are what a model may look into the estate with, to fill what a goal leaves
	// open; nil is nothing. Journal keeps its steps, Agents has who may call what, and
	// Ledger pays for tools that cost something: without it they are not called. Tools
	// are set after New where they have ProposeTool.
	Tools   tools
	Ledger  model.Ledger
	Journal journal
	Agents  agents
	// Memory keeps what came of goals; nil keeps nothing.
	Memory memories
	// Validate refuses a spec that its program would not take.
	Validate func(aegis.Spec) error
	// DependsOn lists the stacks whose outputs the stack of a spec reads; nil is none.
	DependsOn func(aegis.Spec) []string
	// Regions are the estate's, the primary first.
	Regions []string
	// Span, when set, is called as an agent, by its name, goes to work on a goal; what it
	// returns is called with how that ended.
	Span func(ctx context.Context, goal aegis.Goal, agent string) (context.Context, func(error))
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
	if c.Span == nil {
		c.Span = func(ctx context.Context, _ aegis.Goal, _ string) (context.Context, func(error)) {
			return ctx, func(error) {}
		}
	}
	return &Planner{Config: c, grammar: newGrammar(c.Regions)}
}

// Run moves a goal on: it plans it, proposes the change sets of the tasks that
// are ready, and leaves the goal running; or succeeded, when everything is so
// already; or failed, with Understanding and Error. It may be called again after a
// crash: a task never gets a second change set. An error means that machinery
// broke and that trying again may help.
func (p *Planner) Run(ctx context.Context, goalID string) error {
	goal, err := p.Goals.Goal(ctx, goalID)
	if err != nil {
		return fmt.Errorf("plan goal: %w", err)
	}
	if goal.State.Terminal() {
		return nil
	}
	if err := p.work(ctx, goal, p.move); err != nil {
		return fmt.Errorf("plan goal %s: %w", goalID, err)
	}
	return nil
}

// work does something for a goal; that the goal ended meanwhile is no error.
func (p *Planner) work(ctx context.Context, goal aegis.Goal, do func(context.Context, aegis.Goal) error) error {
	ctx, end := p.Span(ctx, goal, actor(goal))
	err := do(ctx, goal)
	if errors.Is(err, aegis.ErrConflict) && p.ended(ctx, goal.GoalID) {
		err = nil // cancelled, for one
	}
	end(err)
	return err
}

// move begins a goal that waits for no other, or moves it on.
func (p *Planner) move(ctx context.Context, goal aegis.Goal) error {
	if goal.Plan != nil && goal.Plan.Plans > 0 {
		return p.advance(ctx, goal)
	}
	if goal.Plan == nil && len(goal.DependsOn) > 0 {
		if waits, err := p.waits(ctx, goal); err != nil || waits {
			return err
		}
	}
	return p.begin(ctx, goal)
}

// begin takes the next step of a goal that has no plan yet: it is read, by a model
// where the grammar can't, looked into, reviewed, and planned.
func (p *Planner) begin(ctx context.Context, goal aegis.Goal) error {
	if goal.Plan == nil || goal.Plan.Reading == nil {
		return p.first(ctx, goal)
	}
	switch r := goal.Plan.Reading; {
	case r.Open():
		return p.look(ctx, goal)
	case r.Fault == "" && r.Critique == nil:
		return p.review(ctx, goal)
	default:
		return p.first(ctx, goal)
	}
}

// first plans a goal for the first time.
func (p *Planner) first(ctx context.Context, goal aegis.Goal) error {
	step := p.startStep("plan")
	plan, err := p.plan(ctx, goal, nil)
	if p.unread(err) && goal.Plan == nil {
		return p.ask(ctx, goal)
	}
	var told *aegis.GoalReading
	if goal.Plan != nil {
		told = goal.Plan.Reading
	}
	goal.Understanding = plan.understanding()
	if refused, ok := errors.AsType[*refusal](err); ok {
		goal.Plan = &aegis.GoalPlan{Plans: 1, Reading: told, Options: plan.options, Tasks: []aegis.Task{}}
		goal.State, goal.Error = aegis.GoalFailed, refused.text
		p.Logger.InfoContext(ctx, "goal refused", "goal_id", goal.GoalID)
		return p.Goals.UpdateGoal(ctx, goal, step.end("refused", refused.text))
	}
	if err != nil {
		return err
	}
	tasks := p.tasks(plan, 1)
	ensemble := p.ensemble(goal, plan.reading.limits, tasks)
	goal.State, goal.Plan = aegis.GoalPlanning, &aegis.GoalPlan{Plans: 1, Reading: told, Options: plan.options, Ensemble: ensemble, Tasks: tasks}
	p.Logger.InfoContext(ctx, "goal planned", "goal_id", goal.GoalID, "tasks", len(goal.Plan.Tasks))
	if err := p.Goals.UpdateGoal(ctx, goal, step.end("go", summaries(goal.Plan.Tasks))); err != nil {
		return err
	}
	return p.advance(ctx, goal)
}

// unread says that a model may be asked: the grammar can't read the text.
func (p *Planner) unread(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && refused.unread && p.Models != nil
}

// ask has a model say the goal again, keeps that, so that it is paid for once, and
// plans it.
func (p *Planner) ask(ctx context.Context, goal aegis.Goal) error {
	step := p.startStep("understand")
	told, err := p.interpret(ctx, goal)
	if err != nil {
		return err
	}
	goal.State, goal.Plan = aegis.GoalPlanning, &aegis.GoalPlan{Reading: told, Tasks: []aegis.Task{}}
	verdict := "go"
	if told.Fault != "" {
		verdict = "refused"
	}
	asked := step.end(verdict, told.Model+": "+strings.Join(slices.Concat(told.Draft, told.Sentences), "; ")+told.Fault)
	asked.ModelCalls, asked.CostUSD = 1, told.CostUSD
	if err := p.Goals.UpdateGoal(ctx, goal, asked); err != nil {
		return err
	}
	return p.begin(ctx, goal)
}

// look has a model look up what it left open, keeps that, and plans the goal.
func (p *Planner) look(ctx context.Context, goal aegis.Goal) error {
	told, steps, err := p.lookUp(ctx, goal)
	if err != nil {
		return err
	}
	goal.Plan.Reading = told
	if err := p.noteLook(ctx, goal, steps); err != nil {
		return err
	}
	traced := make([]aegis.TraceStep, len(steps))
	for i, s := range steps {
		traced[i] = tracedStep(s)
	}
	if err := p.Goals.UpdateGoal(ctx, goal, traced...); err != nil {
		return err
	}
	return p.begin(ctx, goal)
}

// tracedStep is an agent's step in its goal's trace.
func tracedStep(s aegis.AgentStep) aegis.TraceStep {
	t := aegis.TraceStep{
		Name: "look", Verdict: "go", Message: s.Tool + string(s.Input), StartedAt: s.StartedAt, DurationMS: s.ModelMS + s.ToolMS, ModelCalls: 1, CostUSD: s.CostUSD,
	}
	if s.Tool != "" {
		t.ToolCalls = 1
	} else if values, err := json.Marshal(s.Values); err == nil {
		t.Message = string(values)
	}
	if s.Error != "" {
		t.Verdict, t.Message = "refused", shorten(t.Message+": "+s.Error)
	}
	return t
}

func summaries(tasks []aegis.Task) string {
	texts := make([]string, len(tasks))
	for i, t := range tasks {
		texts[i] = t.TaskID + " " + t.Summary
	}
	return shorten(strings.Join(texts, "; "))
}

func (p *Planner) ended(ctx context.Context, goalID string) bool {
	goal, err := p.Goals.Goal(ctx, goalID)
	return err == nil && goal.State.Terminal()
}
