package bench

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"time"

	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/simulate"
	"github.com/aegisworld/aegis/rollout"
)

const (
	// longHistory is the length of history at which memory is measured.
	longHistory = 100_000
	// shortHistory is enough to tell the speed at many resources.
	shortHistory = 2_000
)

// Replay simulates the shipped bundle on recorded decisions, from the database,
// on all cores, and reports the speed by core and this process's memory.
func Replay(ctx context.Context, p *e2e.Process, w io.Writer) error {
	gate, err := policies.NewGate(ctx, policies.Options{Timeout: time.Minute})
	if err != nil {
		return fmt.Errorf("load the gate: %w", err)
	}
	h, err := newHistory(ctx, p)
	if err != nil {
		return err
	}
	defer h.close(ctx)
	r := report{title: "Replay of recorded decisions, all shipped rules"}
	for _, s := range sizes() {
		n := longHistory
		if s.resources > 10 {
			n = shortHistory
		}
		if err := h.fill(ctx, gate, n, s.resources); err != nil {
			return err
		}
		if err := s.replay(ctx, &r, gate, h, n); err != nil {
			return err
		}
	}
	return r.write(w)
}

func (s size) replay(ctx context.Context, r *report, gate *policies.Gate, h *history, n int) error {
	runtime.GC()
	peak := watchOwnMemory(ctx)
	began := time.Now()
	report, err := simulate.Run(ctx, simulate.Options{Running: gate, Candidate: gate, Forbidden: rollout.Forbidden}, cases(ctx, h))
	took, memory := time.Since(began), peak()
	if err != nil {
		return err
	}
	if report.Evaluated != n || report.Totals.Unchanged != n {
		return fmt.Errorf("replayed %d of %d decisions, %d unchanged, %d errors", report.Evaluated, n, report.Totals.Unchanged, report.Totals.Errors)
	}
	perCore := float64(n) / took.Seconds() / float64(runtime.GOMAXPROCS(0))
	name := fmt.Sprintf("%d decisions of %d resources", n, s.resources)
	r.atLeast(name+", by core", perCore, "/s", s.replays)
	r.add(name+", memory", float64(memory)/(1<<20), "MiB", 300)
	return nil
}

// cases are the recorded decisions as a simulation gets them.
func cases(ctx context.Context, h *history) iter.Seq2[simulate.Case, error] {
	return func(yield func(simulate.Case, error) bool) {
		for d, err := range h.db.RecordedDecisions(ctx, time.Time{}, nil) {
			c := simulate.Case{
				DecisionID: d.DecisionID, ChangeSetID: d.ChangeSetID, StackIDs: d.StackIDs, DecidedAt: d.DecidedAt, Input: d.Input, Recorded: &d.Result,
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// watchOwnMemory samples the memory of this process until the returned function
// is called, which answers the highest seen, in bytes.
func watchOwnMemory(ctx context.Context) (peak func() uint64) {
	return sampled(ctx, func() uint64 { return processMemory(os.Getpid()) })
}
