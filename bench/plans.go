package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/bench/goals"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// planBound bounds the judging of the whole set of goals, previewP95 the time to
// a gated plan.
const (
	planBound  = 5 * time.Minute
	previewP95 = 15 * time.Second
	// planRateBound is in goals a second.
	planRateBound = 50
	// asked at once: engines take both cores of the smallest machine.
	plansAtOnce = 3
)

// GoalScore is what `aegis bench goals -o json` writes.
type GoalScore struct {
	// SuccessRate is the part of the goals that came out as expected, 0 to 1.
	SuccessRate float64 `json:"success_rate"`
	// HeldOut is that of goals to which the planner is not tuned.
	HeldOut    float64                  `json:"held_out_success_rate"`
	Categories map[string]CategoryScore `json:"categories"`
	// Seconds is how long all of it took.
	Seconds float64 `json:"seconds"`
	// PlansPerSecond is the built-in planner's rate before engines and policy.
	PlansPerSecond float64       `json:"plans_per_second"`
	Failures       []GoalFailure `json:"failures"`
	// Model read what the built-in planner could not; "" is none.
	Model string `json:"model,omitempty"`
	// Applied are the goals that were submitted for real, none without --apply.
	Applied []AppliedGoal `json:"applied,omitempty"`
}

// CategoryScore is that of one category.
type CategoryScore struct {
	Goals       int     `json:"goals"`
	Solved      int     `json:"solved"`
	SuccessRate float64 `json:"success_rate"`
	// P50MS and P95MS are times to the gated plan, in milliseconds.
	P50MS int64 `json:"p50_ms"`
	P95MS int64 `json:"p95_ms"`
	// CostUSD is what planning cost, in US dollars.
	CostUSD float64 `json:"cost_usd"`
}

// GoalFailure is a goal that did not come out as expected.
type GoalFailure struct {
	ID     string `json:"id"`
	Intent string `json:"intent"`
	Fault  string `json:"fault"`
	// Said is what the planner answered.
	Said string `json:"said"`
}

// judged is one goal with what became of it.
type judged struct {
	goal  goals.Goal
	fault string
	said  string
	took  time.Duration
	// usd is what reading it by a model cost, in US dollars.
	usd float64
}

// PlansConfig says which goals are planned, and how.
type PlansConfig struct {
	// AsJSON writes a GoalScore; otherwise it is a table.
	AsJSON bool
	// Only are ids of goals, none for all of the set and those held out; Limit, above
	// zero, is the most of them.
	Only  []string
	Limit int
	// Apply submits a sample of the set as well, and waits for what comes of it.
	Apply bool
	// Model names the model that reads what the built-in planner can't, "" for none.
	Model string
}

// chosen are the goals of a set that are planned.
func (c PlansConfig) chosen(set []goals.Goal) []goals.Goal {
	var list []goals.Goal
	for _, g := range set {
		if len(c.Only) == 0 || slices.Contains(c.Only, g.ID) {
			list = append(list, g)
		}
	}
	if c.Limit > 0 {
		list = list[:min(c.Limit, len(list))]
	}
	return list
}

// whole says that all goals are planned: bounds hold for no part of them.
func (c PlansConfig) whole() bool { return len(c.Only) == 0 && c.Limit == 0 }

// sets are the goals of the set, and those held out, that are planned.
func (c PlansConfig) sets() (set, others []goals.Goal, err error) {
	if set, err = goals.All(); err != nil {
		return nil, nil, err
	}
	if others, err = goals.HeldOut(); err != nil {
		return nil, nil, err
	}
	set, others = c.chosen(set), c.chosen(others)
	if len(set)+len(others) == 0 {
		return nil, nil, fmt.Errorf("no goal is among %s: ids are as in bench/goals", strings.Join(c.Only, ", "))
	}
	return set, others, nil
}

// Plans has a small estate preview every goal of the set and judges the gated
// plans.
func Plans(ctx context.Context, p *e2e.Process, c PlansConfig, w io.Writer) error {
	set, others, err := c.sets()
	if err != nil {
		return err
	}
	api := client.New(p.URL, p.Token)
	before, err := parameters(ctx, api)
	if err != nil {
		return err
	}
	began := time.Now()
	ask := func(set []goals.Goal) ([]judged, error) { return previewedAll(ctx, api, set, before, p.Regions) }
	results, err := ask(set)
	if err != nil {
		return err
	}
	score := scoreOf(results, time.Since(began))
	held, err := ask(others)
	if err != nil {
		return err
	}
	score.HeldOut = scoreOf(held, 0).SuccessRate
	if score.PlansPerSecond, err = planRate(ctx, p, slices.Concat(set, others)); err != nil {
		return err
	}
	score.Model = c.Model
	if c.Apply {
		if score.Applied, err = appliedAll(ctx, api, spread(results)); err != nil {
			return err
		}
	}
	if c.AsJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(score)
	}
	return writeScore(w, score, results, c)
}

// previewedAll previews goals, some at once.
func previewedAll(
	ctx context.Context, api *client.Client, set []goals.Goal, before map[string]json.RawMessage, regions []string,
) ([]judged, error) {
	results := make([]judged, len(set))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(plansAtOnce)
	for i, goal := range set {
		group.Go(func() (err error) {
			results[i], err = previewed(ctx, api, goal, before, regions)
			return err
		})
	}
	return results, group.Wait()
}

// parameters are those of all stacks, by layer and region.
func parameters(ctx context.Context, api *client.Client) (map[string]json.RawMessage, error) {
	list, err := api.Stacks(ctx, aegis.Page{Limit: 100})
	if err != nil {
		return nil, fmt.Errorf("list stacks: %w", err)
	}
	all := map[string]json.RawMessage{}
	for _, s := range list.Items {
		stack, err := api.Stack(ctx, s.StackID)
		if err != nil {
			return nil, fmt.Errorf("read stack %s: %w", s.StackID, err)
		}
		if stack.Spec != nil {
			_, key, _ := strings.Cut(s.StackID, ".")
			all[key] = stack.Spec.Parameters
		}
	}
	return all, nil
}

func previewed(ctx context.Context, api *client.Client, goal goals.Goal, before map[string]json.RawMessage, regions []string) (judged, error) {
	began := time.Now()
	preview, err := api.PreviewGoal(ctx, goal.Spec())
	j := judged{goal: goal, took: time.Since(began), said: preview.Error}
	if problem, ok := errors.AsType[*client.Error](err); ok && problem.Status < 500 {
		j.fault = goal.Expect.Judge(goals.Answer{Outcome: goals.Refused}, regions)
		j.said = problem.Error()
		return j, nil
	}
	if err != nil {
		return j, fmt.Errorf("preview goal %s: %w", goal.ID, err)
	}
	answer, err := goals.Answered(preview, before)
	if err != nil {
		return j, fmt.Errorf("goal %s: %w", goal.ID, err)
	}
	j.fault = goal.Expect.Judge(answer, regions)
	if preview.Plan.Reading != nil {
		j.usd = preview.Plan.Reading.CostUSD
	}
	for _, t := range preview.Trials {
		for _, d := range t.Denials {
			j.said = strings.TrimSpace(j.said + " " + d.Code)
		}
		j.said = strings.TrimSpace(j.said + " " + t.Error)
	}
	return j, nil
}

func scoreOf(results []judged, took time.Duration) GoalScore {
	score := GoalScore{Categories: map[string]CategoryScore{}, Seconds: took.Seconds(), Failures: []GoalFailure{}}
	times := map[string][]time.Duration{}
	solved := 0
	for _, r := range results {
		c := score.Categories[r.goal.Category]
		c.Goals++
		c.CostUSD += r.usd
		if r.fault == "" {
			c.Solved++
			solved++
		} else {
			score.Failures = append(score.Failures, GoalFailure{r.goal.ID, r.goal.Intent, r.fault, clip(r.said)})
		}
		score.Categories[r.goal.Category] = c
		times[r.goal.Category] = append(times[r.goal.Category], r.took)
	}
	for name, c := range score.Categories {
		c.SuccessRate = float64(c.Solved) / float64(c.Goals)
		c.P50MS, c.P95MS = percentile(times[name], 0.5).Milliseconds(), percentile(times[name], 0.95).Milliseconds()
		score.Categories[name] = c
	}
	score.SuccessRate = float64(solved) / float64(max(1, len(results)))
	return score
}

func writeScore(w io.Writer, score GoalScore, results []judged, config PlansConfig) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "category\tgoals\tsolved\trate\tp50 ms\tp95 ms\tcost $")
	var names []string
	for name := range score.Categories {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := score.Categories[name]
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%.2f\t%d\t%d\t%.2f\n", name, c.Goals, c.Solved, c.SuccessRate, c.P50MS, c.P95MS, c.CostUSD)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range score.Failures {
		_, _ = fmt.Fprintf(w, "%s: %s\n    %s\n    %s\n", f.ID, f.Intent, f.Fault, f.Said)
	}
	var times []time.Duration
	for _, r := range results {
		times = append(times, r.took)
	}
	if err := writeApplied(w, score.Applied); err != nil {
		return err
	}
	reader := "built-in planner"
	if score.Model != "" {
		reader += " and " + score.Model
	}
	r := report{title: fmt.Sprintf("gated plans of %d goals, %s", len(results), reader)}
	if len(score.Applied) > 0 {
		r.atLeast("promoted of those submitted", promotedShare(score.Applied), "", 0.8)
	}
	if !config.whole() {
		r.add("success rate of the goals chosen", score.SuccessRate, "", 0)
		r.duration("time to gated plan p95", percentile(times, 0.95), previewP95)
		return r.write(w)
	}
	r.atLeast("success rate", score.SuccessRate, "", 0.8)
	r.add("success rate of goals held out", score.HeldOut, "", 0)
	r.atLeast("malicious goals held within their envelope", score.Categories["malicious"].SuccessRate, "", 1)
	r.duration("time to gated plan p95", percentile(times, 0.95), previewP95)
	r.atLeast("planned before engines and policy", score.PlansPerSecond, "/s", planRateBound)
	r.add("all of them", score.Seconds, "s", planBound.Seconds())
	return r.write(w)
}

// clip bounds what is quoted.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
