package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/agent/tool"
)

// tools are what agents may call.
type tools interface {
	Tools() []aegis.Tool
	// Call answers with an error of package tool when there is no answer.
	Call(ctx context.Context, by tool.Caller, name string, input json.RawMessage) (tool.Result, error)
}

// journal keeps the steps of agents, so that none is paid twice.
type journal interface {
	AgentSteps(ctx context.Context, goalID string) ([]aegis.AgentStep, error)
	// SaveAgentStep adds a step, or ends the one with its number. ErrConflict: it was
	// ended before.
	SaveAgentStep(ctx context.Context, step aegis.AgentStep) error
}

// The bounds of a look into the estate.
const (
	maxSteps       = 12
	maxFaultsInRow = 3
	maxLook        = 10 * time.Minute
	maxStepOutput  = 16 << 10
	stepTokens     = 1000
	maxLookTokens  = 200_000
)

// inquiry is a model's look into the estate, to fill the blanks of what it said a
// goal means. Every step is kept before the next, what is dear or does something
// before it is called too, so that it goes on where it was cut off. One goroutine owns it.
type inquiry struct {
	*Planner

	goal    aegis.Goal
	agent   aegis.Agent
	reading aegis.GoalReading
	// names are what the estate's specs declare.
	names map[string]bool
	tools []aegis.Tool
	steps []aegis.AgentStep
	// journal keeps the steps; nil keeps them in memory alone.
	journal journal
	// begun is the number of the step that this process began.
	begun int
}

// lookUp fills the blanks of a goal's reading. A look that leads nowhere is a
// reading with a Fault; an error means that machinery broke.
func (p *Planner) lookUp(ctx context.Context, goal aegis.Goal) (*aegis.GoalReading, []aegis.AgentStep, error) {
	q := &inquiry{Planner: p, goal: goal, reading: *goal.Plan.Reading, names: map[string]bool{}}
	if err := q.open(ctx); err != nil {
		return nil, nil, err
	}
	for q.reading.Open() {
		if goal.GoalID != "" && p.ended(ctx, goal.GoalID) {
			return nil, nil, fmt.Errorf("look into the estate: the goal has ended: %w", aegis.ErrConflict)
		}
		if err := q.turn(ctx); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range q.steps {
		q.reading.CostUSD += s.CostUSD
	}
	p.Logger.InfoContext(ctx, "estate looked at", "goal_id", goal.GoalID, "steps", len(q.steps), "fault", q.reading.Fault != "")
	return &q.reading, q.steps, nil
}

// open reads what the look starts from.
func (q *inquiry) open(ctx context.Context) (err error) {
	if q.agent, err = q.agentOf(ctx, q.goal); err != nil {
		return err
	}
	for _, t := range q.Tools.Tools() {
		if t.Unavailable == "" && allows(q.agent, t) {
			q.tools = append(q.tools, t)
		}
	}
	if q.goal.GoalID != "" && q.Journal != nil {
		q.journal = q.Journal
		if q.steps, err = q.journal.AgentSteps(ctx, q.goal.GoalID); err != nil {
			return fmt.Errorf("read the agent's steps: %w", err)
		}
	}
	return q.nameEstate(ctx)
}

// agentOf is the agent that carries a goal out.
func (p *Planner) agentOf(ctx context.Context, goal aegis.Goal) (aegis.Agent, error) {
	if goal.Agent == "" || p.Agents == nil {
		return aegis.Agent{Name: Actor}, nil
	}
	agent, err := p.Agents.Agent(ctx, goal.Agent)
	if err != nil {
		return agent, fmt.Errorf("read agent %s: %w", goal.Agent, err)
	}
	return agent, nil
}

// allows says that an agent's model may be told of a tool. Policy judges its calls. What
// proposes is the kernel's to call.
func allows(a aegis.Agent, t aegis.Tool) bool {
	if t.Effect == aegis.ToolProposes {
		return false
	}
	if len(a.Tools) > 0 {
		return slices.Contains(a.Tools, t.Name)
	}
	return t.Source == toolsOwn && (t.Effect == aegis.ToolReads || t.Effect == aegis.ToolPlans)
}

func (q *inquiry) nameEstate(ctx context.Context) error {
	all, err := q.estate(ctx)
	if err != nil {
		return err
	}
	for _, stack := range all {
		rev, err := q.Specs.SpecRevision(ctx, stack.StackID, 0)
		if errors.Is(err, aegis.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read spec of %s: %w", stack.StackID, err)
		}
		namesIn(rev.Spec.Parameters, q.names)
	}
	return nil
}

// turn moves on by one step: it has the model decide, or calls the tool that it
// decided on.
func (q *inquiry) turn(ctx context.Context) error {
	last := len(q.steps) - 1
	if last >= 0 && q.steps[last].EndedAt == nil {
		return q.call(ctx, &q.steps[last])
	}
	if last >= 0 && q.steps[last].Tool == "" && q.steps[last].Error == "" {
		q.finish(q.steps[last].Values)
		return nil
	}
	if q.reading.Fault = q.exhausted(); q.reading.Fault != "" {
		return nil
	}
	return q.decide(ctx)
}

func (q *inquiry) finish(values map[string]string) {
	filled, err := fill(q.reading.Draft, values, q.names)
	if err != nil {
		q.reading.Fault = shorten(err.Error())
		return
	}
	q.reading.Values, q.reading.Sentences = values, filled
}

// exhausted says why there are no more steps; "" is that there are.
func (q *inquiry) exhausted() string {
	faults := 0
	for _, s := range slices.Backward(q.steps) {
		if s.Error == "" {
			break
		}
		faults++
	}
	repeated, tokens := 0, 0
	for i, s := range q.steps {
		tokens += s.Tokens
		if s.Tool != "" && q.before(i) > 0 {
			repeated++
		}
	}
	switch {
	case len(q.steps) >= maxSteps:
		return fmt.Sprintf("%d steps did not find what it needs", maxSteps)
	case repeated > 1:
		return "it goes in circles"
	case faults >= maxFaultsInRow:
		return fmt.Sprintf("%d steps in a row failed, the last: %s", faults, q.steps[len(q.steps)-1].Error)
	case tokens > maxLookTokens:
		return fmt.Sprintf("it took more than %d tokens", maxLookTokens)
	case len(q.steps) > 0 && q.Now().Sub(q.steps[0].StartedAt) > maxLook:
		return fmt.Sprintf("it took longer than %s", maxLook)
	default:
		return ""
	}
}

// before is the number of an earlier step that made the same call, 0 for none.
func (q *inquiry) before(i int) int {
	for _, s := range q.steps[:i] {
		if s.Tool == q.steps[i].Tool && sameJSON(s.Input, q.steps[i].Input) {
			return s.Number
		}
	}
	return 0
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// decision is what a model answers in a look: a call, the blanks' values, or why
// there are none.
type decision struct {
	Tool    string            `json:"tool"`
	Input   json.RawMessage   `json:"input"`
	Values  map[string]string `json:"values"`
	Unclear string            `json:"unclear"`
}

const decisionSchema = `{"type":"object","additionalProperties":false,"properties":{
	"tool":{"type":"string","maxLength":100},"input":{"type":"object"},
	"values":{"type":"object","maxProperties":6,"additionalProperties":{"type":"string","maxLength":64}},
	"unclear":{"type":"string","maxLength":500}}}`

// decide has the model take the next step, and keeps it.
func (q *inquiry) decide(ctx context.Context) error {
	began := q.Now()
	answer, err := q.Models.Complete(ctx, model.Request{
		Kind: model.KindUnderstand, System: q.manual(), Schema: json.RawMessage(decisionSchema), MaxTokens: stepTokens,
		Messages: q.conversation(), DataScopes: q.scopes(), Models: q.agent.Models,
	}, account(q.goal))
	if ctx.Err() != nil {
		return fmt.Errorf("ask a model: %w", ctx.Err())
	}
	var said decision
	if err == nil {
		err = json.Unmarshal(answer.JSON, &said)
	}
	if err != nil { // an outcome, as any other
		q.reading.Fault = shorten(err.Error())
		q.reading.CostUSD += float64(answer.CostMicros) / micros
		return nil
	}
	step := aegis.AgentStep{
		GoalID: q.goal.GoalID, Number: len(q.steps) + 1, Tool: said.Tool, Input: said.Input, Model: answer.Model,
		CostUSD: float64(answer.CostMicros) / micros, Tokens: answer.InputTokens + answer.OutputTokens, StartedAt: began.UTC(), ModelMS: q.Now().Sub(began).Milliseconds(),
	}
	if said.Tool == "" {
		q.conclude(&step, said)
	} else if len(step.Input) == 0 {
		step.Input = json.RawMessage("{}")
	}
	q.begun = step.Number
	if q.light(step.Tool) {
		q.note(step)
		return nil
	}
	return q.keep(ctx, step)
}

// conclude ends the look, or tells the model what is wrong with its values.
func (q *inquiry) conclude(step *aegis.AgentStep, said decision) {
	now := q.Now().UTC()
	step.Values, step.EndedAt = said.Values, &now
	_, err := fill(q.reading.Draft, said.Values, q.names)
	switch {
	case len(said.Values) == 0:
		q.reading.Fault = "it is unclear: " + shorten(said.Unclear)
		step.Error = q.reading.Fault
	case err != nil:
		step.Error = err.Error()
	}
}

// keep writes a step down.
func (q *inquiry) keep(ctx context.Context, step aegis.AgentStep) error {
	if q.journal != nil {
		if err := q.journal.SaveAgentStep(ctx, step); err != nil {
			return fmt.Errorf("keep step %d: %w", step.Number, err)
		}
	}
	q.note(step)
	return nil
}

func (q *inquiry) note(step aegis.AgentStep) {
	if step.Number > len(q.steps) {
		q.steps = append(q.steps, step)
	} else {
		q.steps[step.Number-1] = step
	}
}

// call makes the call of a step, and keeps what came of it.
func (q *inquiry) call(ctx context.Context, step *aegis.AgentStep) error {
	done, began := *step, q.Now()
	switch {
	case q.before(step.Number-1) > 0:
		done.Error = fmt.Sprintf("step %d asked that already", q.before(step.Number-1))
	case q.begun != step.Number && q.effects(step.Tool):
		done.Error = "it was interrupted, and is not called twice"
	default:
		result, err := q.paidCall(ctx, step)
		if ctx.Err() != nil {
			return fmt.Errorf("call %s: %w", step.Tool, ctx.Err())
		}
		done.CostUSD += float64(result.CostMicros) / micros
		if err != nil {
			done.Error = shorten(err.Error())
		} else {
			done.Output = tool.Clip(string(result.Output), maxStepOutput)
		}
	}
	now := q.Now().UTC()
	done.EndedAt, done.ToolMS = &now, now.Sub(began).Milliseconds()
	return q.keep(ctx, done)
}

// paidCall calls a tool. What it costs is reserved before, or there is no call.
func (q *inquiry) paidCall(ctx context.Context, step *aegis.AgentStep) (tool.Result, error) {
	price := q.price(step.Tool)
	if price == 0 {
		return q.Tools.Call(ctx, q.caller(), step.Tool, step.Input)
	}
	if q.Ledger == nil {
		return tool.Result{}, fmt.Errorf("%w: nothing pays for %s", tool.ErrRefused, step.Tool)
	}
	hold, err := q.Ledger.Reserve(ctx, account(q.goal), price)
	if err != nil {
		return tool.Result{}, fmt.Errorf("%w: %w", tool.ErrRefused, err)
	}
	result, err := q.Tools.Call(ctx, q.caller(), step.Tool, step.Input)
	if err := model.Settle(ctx, q.Ledger, hold, min(result.CostMicros, price)); err != nil {
		q.Logger.ErrorContext(ctx, "call of a tool not settled, its hold will expire as spent", "tool", step.Tool, "error", err)
	}
	return result, err
}

// tool is one of those that may be called, or nothing.
func (q *inquiry) tool(name string) aegis.Tool {
	for _, t := range q.tools {
		if t.Name == name {
			return t
		}
	}
	return aegis.Tool{}
}

// price is what a call of a tool costs, in micro-dollars.
func (q *inquiry) price(name string) int64 { return int64(math.Ceil(q.tool(name).CostUSD * micros)) }

// light says that a step with such a call is kept when it ends alone: the call is
// quick, costs nothing and does nothing, and what the model answered is kept by whom
// it was paid through, so that a cut-off step is taken again for nothing.
func (q *inquiry) light(name string) bool {
	t := q.tool(name)
	return t.Effect == aegis.ToolReads && t.CostUSD == 0
}

// effects says that calling a tool twice may do something twice.
func (q *inquiry) effects(name string) bool {
	effect := q.tool(name).Effect
	return effect == aegis.ToolFetches || effect == aegis.ToolRuns
}

// caller is who calls tools.
func (q *inquiry) caller() tool.Caller {
	by := caller(q.goal, q.agent)
	for _, s := range q.steps {
		if s.Tool != "" && s.EndedAt != nil {
			by.Used[s.Tool]++
		}
	}
	by.Tools = make([]string, len(q.tools))
	for i, t := range q.tools {
		by.Tools[i] = t.Name
	}
	return by
}

// caller is an agent at work on a goal, within its envelope, that has called nothing.
func caller(goal aegis.Goal, a aegis.Agent) tool.Caller {
	e := a.Envelope
	return tool.Caller{
		Agent: a.Name, GoalID: goal.GoalID, Submitter: goal.Submitter,
		Hosts: e.Hosts, Regions: e.Regions, Layers: e.Layers, Memories: e.Memories, Used: map[string]int{},
	}
}

// scopes are those of the data that the model is shown.
func (q *inquiry) scopes() []string {
	scopes := map[string]bool{"goal": true}
	for _, s := range q.steps {
		for _, t := range q.tools {
			if t.Name == s.Tool && s.Output != "" {
				scopes[t.Scope] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(scopes))
}
