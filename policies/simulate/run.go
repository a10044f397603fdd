package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

// Judge answers for one policy bundle. *policies.Gate is one.
type Judge interface {
	// Replay judges an input document as it is recorded. Whatever keeps policy
	// from answering is a denial; an error says that the document can't be read.
	Replay(ctx context.Context, input json.RawMessage) (aegis.GateResult, error)
	// Revision identifies the rules.
	Revision() string
}

// Case is one input to judge.
type Case struct {
	// DecisionID is "" for what was never decided.
	DecisionID  string
	ChangeSetID string
	StackIDs    []string
	DecidedAt   time.Time
	// Input is an aegis.GateInput in JSON.
	Input json.RawMessage
	// Recorded is what was decided; nil asks the running bundle.
	Recorded *aegis.GateResult
	// Summary, when set, says what is supposed; the report has what both sides
	// say of it, whether they differ or not.
	Summary string
	// Fault, when set, says why there is no Input; the case becomes an entry
	// of the report's errors.
	Fault *aegis.SimulationFault
}

// Options say what is compared.
type Options struct {
	Running, Candidate Judge
	// Forbidden is what the door denies whatever policy says, given the result
	// of policy; nil is nothing.
	Forbidden func(input aegis.GateInput, result aegis.GateResult) []aegis.RuleResult
	// MostTimeouts ends the run with ErrTooSlow when the candidate ran out of time
	// for as many cases, each of which took all the time of a decision; 0 is no
	// bound.
	MostTimeouts int
	// Workers is how many cases are judged at once; 0 is GOMAXPROCS.
	Workers int
}

// ErrTooSlow says that the candidate takes too long for too many cases.
var ErrTooSlow = errors.New("the bundle takes too long")

// task is a case on its way; the collector waits for done in the order of the
// cases, which makes the report the same whoever is faster.
type task struct {
	Case

	done chan outcome
}

// Run judges every case by the candidate and reports the differences. It holds
// a few cases for each worker and no more. An error of cases that is
// aegis.ErrBadRecord becomes an entry of the report; any other error, and the
// end of ctx, ends the run without a report.
func Run(ctx context.Context, o Options, cases iter.Seq2[Case, error]) (aegis.Simulation, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	work, order := make(chan *task), make(chan *task, 2*o.Workers)
	group.Go(func() error {
		defer close(work)
		defer close(order)
		return feed(ctx, cases, work, order)
	})
	for range o.Workers {
		group.Go(func() error {
			for t := range work {
				t.done <- o.compare(ctx, t.Case)
			}
			return nil
		})
	}
	totals := newTally(o)
	group.Go(func() error { return collect(ctx, order, totals, o.MostTimeouts) })
	if err := group.Wait(); err != nil {
		return aegis.Simulation{}, fmt.Errorf("simulate: %w", err)
	}
	return totals.report(), nil
}

func feed(ctx context.Context, cases iter.Seq2[Case, error], work, order chan<- *task) error {
	for c, err := range cases {
		if errors.Is(err, aegis.ErrBadRecord) {
			c.Fault = c.fault(codeBadRecord, err.Error())
		} else if err != nil {
			return err
		}
		t := &task{Case: c, done: make(chan outcome, 1)}
		for _, queue := range []chan<- *task{order, work} {
			select {
			case queue <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return ctx.Err()
}

func collect(ctx context.Context, order <-chan *task, totals *tally, mostTimeouts int) error {
	for t := range order {
		select {
		case o := <-t.done:
			totals.add(o)
			if mostTimeouts > 0 && totals.timeouts >= mostTimeouts {
				return fmt.Errorf("%d of %d decisions ran out of time: %w", totals.timeouts, totals.sum.Evaluated, ErrTooSlow)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// fault is an entry of the report's errors about the case.
func (c Case) fault(code, message string) *aegis.SimulationFault {
	return &aegis.SimulationFault{DecisionID: c.DecisionID, ChangeSetID: c.ChangeSetID, Code: code, Message: clip(message, maxMessage)}
}
