package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/rollout"
)

// sizes are the numbers of resources that the gate is measured at, with the
// bounds of one decision and how often it is made.
func sizes() []size {
	return []size{
		{resources: 10, decision: 4 * time.Millisecond, replays: 400, runs: 1000},
		{resources: 200, decision: 30 * time.Millisecond, recorded: 40 * time.Millisecond, replays: 40, runs: 200},
	}
}

type size struct {
	resources int
	// decision and recorded bound a decision without and with its record; 0 is
	// no bound.
	decision, recorded time.Duration
	// replays are the least decisions a second that one core replays.
	replays float64
	runs    int
}

// settle is how long a sandbox has to come to rest after its start.
const settle = 20 * time.Second

// Gate measures decisions of the gate with all shipped rules, and stock OPA on
// the same policy and input, on a machine that does nothing else; then, in the
// sandbox that start starts, decisions with their record in the database.
func Gate(ctx context.Context, start func(record func(*e2e.Process) error) error, w io.Writer) error {
	gate, err := policies.NewGate(ctx, policies.Options{})
	if err != nil {
		return fmt.Errorf("load the gate: %w", err)
	}
	files, err := policies.Embedded()
	if err != nil {
		return err
	}
	stock, err := newStockOPA(ctx, files)
	if err != nil {
		return err
	}
	r := report{title: "Gate decision, all shipped rules"}
	for _, s := range sizes() {
		if err := s.alone(ctx, &r, gate, stock); err != nil {
			return err
		}
	}
	err = start(func(p *e2e.Process) error {
		history, err := newHistory(ctx, p)
		if err != nil {
			return err
		}
		defer history.close(ctx)
		select {
		case <-time.After(settle):
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, s := range sizes() {
			if err := s.withRecord(ctx, &r, gate, history); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.write(w)
}

// turns is how often the gate and stock OPA take turns, so that both see the
// same machine.
const turns = 4

// alone takes turns with stock OPA. Each pays for its own garbage: a turn begins
// with a clean heap and a few decisions that do not count.
func (s size) alone(ctx context.Context, r *report, gate *policies.Gate, stock *stockOPA) error {
	var ours, theirs, evaluations []time.Duration
	for turn := range turns {
		mine, err := s.turn(turn, func(input aegis.GateInput, _ []byte) (time.Duration, error) {
			began := time.Now()
			result := gate.Decide(ctx, input)
			took := time.Since(began)
			if !result.Allowed() {
				return 0, fmt.Errorf("the gate denies the benchmark's change: %v", result.Deny)
			}
			return took, nil
		})
		if err != nil {
			return err
		}
		other, err := s.turn(turn, func(_ aegis.GateInput, document []byte) (time.Duration, error) {
			parsing, evaluation, err := stock.judge(ctx, document)
			evaluations = append(evaluations, evaluation)
			return parsing + evaluation, err
		})
		if err != nil {
			return err
		}
		ours, theirs = append(ours, mine...), append(theirs, other...)
	}
	name := fmt.Sprintf("%d resources ", s.resources)
	r.duration(name+"p50", percentile(ours, 0.5), 0)
	r.duration(name+"p99", percentile(ours, 0.99), s.decision)
	r.duration(name+"stock opa bench p50", percentile(evaluations, 0.5), 0)
	r.duration(name+"stock opa with parsing p50", percentile(theirs, 0.5), 0)
	r.add(name+"gate ÷ stock opa with parsing", ratio(percentile(ours, 0.5), percentile(theirs, 0.5)), "×", 1.2)
	return nil
}

// turn is one turn's times.
func (s size) turn(turn int, judge func(aegis.GateInput, []byte) (time.Duration, error)) ([]time.Duration, error) {
	runtime.GC()
	var times []time.Duration
	warm := s.runs / turns / 10
	for i := range s.runs/turns + warm {
		input := gateInput(s.resources, turn*s.runs+i)
		document, err := json.Marshal(input)
		if err != nil {
			return nil, fmt.Errorf("encode the input: %w", err)
		}
		took, err := judge(input, document)
		if err != nil {
			return nil, err
		}
		if i >= warm {
			times = append(times, took)
		}
	}
	return times, nil
}

// withRecord decides and commits the record in the transaction of a phase.
func (s size) withRecord(ctx context.Context, r *report, gate *policies.Gate, h *history) error {
	cs, err := h.propose(ctx)
	if err != nil {
		return err
	}
	var times []time.Duration
	for i := range s.runs {
		input := gateInput(s.resources, i)
		began := time.Now()
		decision, err := decide(ctx, gate, input)
		if err != nil {
			return err
		}
		if err := h.db.CommitStep(ctx, rollout.Step{ChangeSet: cs, Decision: &decision}); err != nil {
			return fmt.Errorf("record a decision: %w", err)
		}
		cs.Version++
		times = append(times, time.Since(began))
	}
	name := fmt.Sprintf("%d resources, recorded ", s.resources)
	r.duration(name+"p50", percentile(times, 0.5), 0)
	r.duration(name+"p99", percentile(times, 0.99), s.recorded)
	return nil
}

// ratio is a ÷ b.
func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

func decide(ctx context.Context, gate *policies.Gate, input aegis.GateInput) (aegis.Decision, error) {
	result, record := gate.Judge(ctx, input)
	now := time.Now()
	kept, err := record(ctx, result)
	if err != nil {
		return aegis.Decision{}, fmt.Errorf("mask the input: %w", err)
	}
	return aegis.Decision{
		DecisionID: aegis.NewID(aegis.DecisionPrefix, now), ChangeSetID: input.ChangeSet.ChangeSetID, StackIDs: input.ChangeSet.Target.StackIDs,
		BundleRevision: result.BundleRevision, Path: "aegis/gate", Input: kept.Input, Result: kept.Result, Allowed: result.Allowed(), DecidedAt: now,
	}, nil
}
