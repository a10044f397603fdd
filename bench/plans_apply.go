package bench

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/bench/goals"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

const (
	// applySample is how many goals are submitted for real.
	applySample = 20
	// applyBound bounds one of them.
	applyBound = 5 * time.Minute
)

// AppliedGoal is what came of a goal that was submitted for real.
type AppliedGoal struct {
	ID string `json:"id"`
	// End is promoted, rolled back or failed.
	End     string  `json:"end"`
	Seconds float64 `json:"seconds"`
	// USDMonth is by how much a month costs more now, CostUSD what reaching it cost
	// itself, both in US dollars.
	USDMonth float64 `json:"usd_month"`
	CostUSD  float64 `json:"cost_usd"`
	// Said is why it was not promoted.
	Said string `json:"said,omitempty"`
}

// spread are goals that should change something and whose plan was good, spread evenly
// over the set: what a plan promised is to come true. The same ones for the same plans.
func spread(results []judged) []goals.Goal {
	var changes, taken []goals.Goal
	for _, r := range results {
		if r.goal.Expect.Outcome == goals.Change && r.fault == "" {
			changes = append(changes, r.goal)
		}
	}
	n := min(applySample, len(changes))
	for i := range n {
		taken = append(taken, changes[i*len(changes)/n])
	}
	return taken
}

// appliedAll submits goals, one after the other, and waits for their ends.
func appliedAll(ctx context.Context, api *client.Client, set []goals.Goal) ([]AppliedGoal, error) {
	ends := make([]AppliedGoal, 0, len(set))
	for _, g := range set {
		end, err := applied(ctx, api, g)
		if err != nil {
			return ends, err
		}
		ends = append(ends, end)
	}
	return ends, nil
}

func applied(ctx context.Context, api *client.Client, g goals.Goal) (AppliedGoal, error) {
	ctx, cancel := context.WithTimeout(ctx, applyBound)
	defer cancel()
	began := time.Now()
	goal, err := api.CreateGoal(ctx, g.Spec())
	if err != nil {
		return AppliedGoal{}, fmt.Errorf("submit goal %s: %w", g.ID, err)
	}
	if goal, err = e2e.AwaitGoal(ctx, api, goal.GoalID); err != nil {
		return AppliedGoal{}, fmt.Errorf("await goal %s: %w", g.ID, err)
	}
	end := AppliedGoal{ID: g.ID, End: "failed", Seconds: time.Since(began).Seconds(), Said: clip(goal.Error)}
	if goal.State == aegis.GoalSucceeded {
		end.End = "promoted"
	}
	if goal.Result != nil {
		end.USDMonth, end.CostUSD = goal.Result.USDMonth, goal.Result.USDRun
	}
	for _, id := range goal.ChangeSetIDs {
		cs, err := api.ChangeSet(ctx, id)
		if err != nil {
			return end, fmt.Errorf("read change set %s: %w", id, err)
		}
		if end.End != "promoted" && cs.PromotionState == aegis.StateRolledBack {
			end.End = "rolled back"
		}
	}
	return end, nil
}

// promotedShare is the part of the submitted goals that was promoted, 0 to 1.
func promotedShare(ends []AppliedGoal) float64 {
	return float64(tally(ends)["promoted"]) / float64(len(ends))
}

// tally is how many goals ended how.
func tally(ends []AppliedGoal) map[string]int {
	counts := map[string]int{}
	for _, e := range ends {
		counts[e.End]++
	}
	return counts
}

// writeApplied writes what came of the goals that were submitted, and how many ended
// how.
func writeApplied(w io.Writer, ends []AppliedGoal) error {
	if len(ends) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "submitted\tend\tseconds\t$ a month\tcost $\twhy")
	counts, took := tally(ends), 0.0
	for _, e := range ends {
		took += e.Seconds
		_, _ = fmt.Fprintf(t, "%s\t%s\t%.1f\t%+.2f\t%.2f\t%s\n", e.ID, e.End, e.Seconds, e.USDMonth, e.CostUSD, e.Said)
	}
	_, _ = fmt.Fprintf(t, "%d goals\t%d promoted, %d rolled back, %d failed\t%.1f\t\t\t\n",
		len(ends), counts["promoted"], counts["rolled back"], counts["failed"], took)
	return t.Flush()
}
