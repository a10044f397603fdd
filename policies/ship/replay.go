package ship

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/simulate"
)

const (
	// replayWindow is how far back a candidate is replayed, and mostReplayed
	// how many decisions, the newest first, so that a push does not take the
	// longer the longer an estate runs.
	replayWindow = 720 * time.Hour
	mostReplayed = 2000
	// mostFaults ends the replay of a candidate that gives no answers: each
	// may take as long as a decision is allowed to.
	mostFaults = 5
)

var errEnough = errors.New("enough of no answers")

// counting counts the decisions for which a bundle gives no answer.
type counting struct {
	simulate.Judge

	enough context.CancelCauseFunc

	mu    sync.Mutex
	asked int
	mute  int
	first string
}

// Replay judges a recorded document.
func (c *counting) Replay(ctx context.Context, input json.RawMessage) (aegis.GateResult, error) {
	result, err := c.Judge.Replay(ctx, input)
	if ctx.Err() == nil && err == nil {
		c.count(result)
	}
	return result, err
}

func (c *counting) count(result aegis.GateResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	for _, d := range result.Deny {
		if !d.Unanswered() {
			continue
		}
		if c.mute++; c.mute == 1 {
			c.first = d.Code + ": " + d.Msg
		}
		if c.mute == mostFaults {
			c.enough(errEnough)
		}
		return
	}
}

// replay judges recorded decisions by the candidate.
func (s *Shipper) replay(ctx context.Context, running, candidate simulate.Judge) (aegis.PolicyReplay, error) {
	bounded, enough := context.WithCancelCause(ctx)
	defer enough(nil)
	counted := &counting{Judge: candidate, enough: enough}
	report, err := simulate.Run(bounded, simulate.Options{
		Running: running, Candidate: counted, Forbidden: s.Forbidden,
	}, s.history(bounded))
	if err != nil && !errors.Is(context.Cause(bounded), errEnough) {
		return aegis.PolicyReplay{}, fmt.Errorf("replay recorded decisions: %w", err)
	}
	counted.mu.Lock()
	defer counted.mu.Unlock()
	return aegis.PolicyReplay{
		Evaluated: counted.asked, NewlyDenied: report.Totals.NewlyDenied, NewlyAllowed: report.Totals.NewlyAllowed,
		Errors: counted.mute, FirstError: clip(counted.first),
	}, nil
}

// history are the newest recorded decisions.
func (s *Shipper) history(ctx context.Context) iter.Seq2[simulate.Case, error] {
	return func(yield func(simulate.Case, error) bool) {
		read := 0
		for d, err := range s.History.RecordedDecisions(ctx, s.Now().Add(-replayWindow), nil) {
			c := simulate.Case{
				DecisionID: d.DecisionID, ChangeSetID: d.ChangeSetID, StackIDs: d.StackIDs, DecidedAt: d.DecidedAt,
				Input: d.Input, Recorded: &d.Result,
			}
			if read++; !yield(c, err) || read == mostReplayed {
				return
			}
		}
	}
}

// clip keeps a message to a length that fits a page.
func clip(message string) string {
	const longest = 500
	if r := []rune(message); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return message
}
