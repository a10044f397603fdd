package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/stacks"
)

// kernelGoals are looked into one after another, twelve steps each.
const (
	kernelGoals = 100
	kernelBound = 5 * time.Millisecond
)

// idle answers at once, as model and as tool, and notes the time between its
// answers: what the kernel takes for a step.
type idle struct {
	answered time.Time
	turn     int
	steps    []time.Duration
}

// Complete first leaves a blank, then asks for one thing after another.
func (m *idle) Complete(context.Context, model.Request, model.Account) (model.Response, error) {
	if m.turn > 1 { // what is between the reading and the first step is no step
		m.steps = append(m.steps, time.Since(m.answered))
	}
	m.turn++
	answer := fmt.Sprintf(`{"tool":"look","input":{"page":%d}}`, m.turn)
	if m.turn == 1 {
		answer = `{"sentences":["keep old versions in the <bucket> bucket for 60 days in eu-west-1"],"unclear":""}`
	}
	m.answered = time.Now()
	return model.Response{Text: answer, JSON: json.RawMessage(answer), Model: "idle"}, nil
}

// Tools is one tool.
func (*idle) Tools() []aegis.Tool {
	return []aegis.Tool{{Name: "look", Effect: aegis.ToolReads, Source: "aegis", Scope: "estate"}}
}

// Call answers with nothing.
func (*idle) Call(context.Context, tool.Caller, string, json.RawMessage) (tool.Result, error) {
	return tool.Result{Output: json.RawMessage(`{}`)}, nil
}

// Kernel measures what a step of an agent takes beside model and tool: the commit of
// the step, durable in the sandbox's database.
func Kernel(ctx context.Context, p *e2e.Process, w io.Writer) error {
	h, err := newHistory(ctx, p)
	if err != nil {
		return err
	}
	defer h.close(ctx)
	work := &idle{}
	planner := agent.New(agent.Config{
		Goals: h.db, Stacks: h.db, Specs: h.db, ChangeSets: h.db, Validate: stacks.Validate, Regions: p.Regions,
		Models: work, Tools: work, Journal: h.db,
	})
	for range kernelGoals {
		goal := aegis.Goal{State: aegis.GoalAccepted, Submitter: "bench", CreatedAt: time.Now(), GoalSpec: aegis.GoalSpec{
			GoalID: aegis.NewID(aegis.GoalPrefix, time.Now()), Intent: "whichever heap swells the most ought to melt away",
		}}
		if err := h.db.CreateGoal(ctx, goal, ""); err != nil {
			return err
		}
		work.turn = 0
		if err := planner.Run(ctx, goal.GoalID); err != nil {
			return err
		}
	}
	bare, err := bareCommits(ctx, h.conn, len(work.steps))
	if err != nil {
		return err
	}
	r := report{title: fmt.Sprintf("%d steps of %d goals, each kept in one commit", len(work.steps), kernelGoals)}
	r.duration("bare insert and commit p50", percentile(bare, 0.5), 0)
	r.duration("bare insert and commit p95", percentile(bare, 0.95), 0)
	r.duration("kernel p50", percentile(work.steps, 0.5), 0)
	r.duration("kernel p95", percentile(work.steps, 0.95), kernelBound)
	r.duration("kernel p99", percentile(work.steps, 0.99), 0)
	r.add("kernel / bare insert and commit, p95", float64(percentile(work.steps, 0.95))/float64(percentile(bare, 0.95)), "×", 0)
	return r.write(w)
}

// bareCommits inserts n rows, each in a transaction of its own.
func bareCommits(ctx context.Context, conn *pgx.Conn, n int) ([]time.Duration, error) {
	if _, err := conn.Exec(ctx, `CREATE TABLE bench_steps (at timestamptz NOT NULL, step jsonb NOT NULL)`); err != nil {
		return nil, fmt.Errorf("create baseline table: %w", err)
	}
	times := make([]time.Duration, n)
	for i := range times {
		began := time.Now()
		if _, err := conn.Exec(ctx, `INSERT INTO bench_steps VALUES (now(), '{"tool":"look"}')`); err != nil {
			return nil, fmt.Errorf("insert baseline row: %w", err)
		}
		times[i] = time.Since(began)
	}
	return times, nil
}
