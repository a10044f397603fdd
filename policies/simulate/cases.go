package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

// atOnce is how many stacks are previewed at a time; engines have a bound of
// their own.
const atOnce = 4

type source = iter.Seq2[Case, error]

// cases are all that a query asks for, one after the other. note gets remarks
// for the report; both are called by one goroutine.
func (s *Simulator) cases(ctx context.Context, q query, note func(string)) source {
	var parts []source
	if q.since != 0 {
		parts = append(parts, s.recorded(ctx, q))
	}
	if q.Live {
		parts = append(parts, s.live(ctx))
	}
	if len(q.Diff) > 0 {
		parts = append(parts, s.supposed(ctx, q.Diff))
	}
	if q.Goal != nil {
		parts = append(parts, s.planned(ctx, *q.Goal, note))
	}
	return func(yield func(Case, error) bool) {
		for _, part := range parts {
			for c, err := range part {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

// recorded are the decisions of a time, or about change sets; one of these
// without a decision is a fault.
func (s *Simulator) recorded(ctx context.Context, q query) source {
	since := time.Time{}
	if q.since > 0 {
		since = s.Now().Add(-q.since)
	}
	return func(yield func(Case, error) bool) {
		missing := map[string]bool{}
		for _, id := range q.ChangeSetIDs {
			missing[id] = true
		}
		for d, err := range s.Decisions.RecordedDecisions(ctx, since, q.ChangeSetIDs) {
			c := Case{
				DecisionID: d.DecisionID, ChangeSetID: d.ChangeSetID, StackIDs: d.StackIDs, DecidedAt: d.DecidedAt,
				Input: d.Input, Recorded: &d.Result,
			}
			delete(missing, d.ChangeSetID)
			if !yield(c, err) {
				return
			}
		}
		for _, id := range slices.Sorted(maps.Keys(missing)) {
			c := Case{ChangeSetID: id}
			c.Fault = c.fault(codeNotFound, "no decision about this change set is recorded")
			if !yield(c, nil) {
				return
			}
		}
	}
}

// live are the stacks as they are, each resource as if it were introduced now.
// A stack that can't be read is a fault, and one without a revision nothing.
func (s *Simulator) live(ctx context.Context) source {
	return func(yield func(Case, error) bool) {
		all, err := s.allStacks(ctx)
		if err != nil {
			yield(Case{}, err)
			return
		}
		for batch := range slices.Chunk(all, atOnce) {
			for _, c := range s.inventories(ctx, batch) {
				if len(c.Input) == 0 && c.Fault == nil {
					continue
				}
				if !yield(c, ctx.Err()) {
					return
				}
			}
		}
	}
}

func (s *Simulator) allStacks(ctx context.Context) (ids []string, err error) {
	for page := (aegis.Page{Limit: 500}); ; {
		list, next, err := s.Stacks.Stacks(ctx, page)
		if err != nil {
			return nil, fmt.Errorf("list stacks: %w", err)
		}
		for _, stack := range list {
			ids = append(ids, stack.StackID)
		}
		if next == "" {
			slices.Sort(ids)
			return ids, nil
		}
		page.Cursor = next
	}
}

// inventories previews stacks side by side.
func (s *Simulator) inventories(ctx context.Context, ids []string) []Case {
	list := make([]Case, len(ids))
	var group errgroup.Group
	for i, id := range ids {
		group.Go(func() error {
			list[i] = Case{StackIDs: []string{id}}
			input, err := s.Door.Inventory(ctx, id)
			if errors.Is(err, aegis.ErrNotFound) || err == nil && len(input.Diff) == 0 {
				return nil
			}
			if err == nil {
				list[i].Input, err = json.Marshal(input)
			}
			if err != nil {
				list[i].Fault = list[i].fault(codeNotPlanned, err.Error())
				list[i].Fault.StackID = id
			}
			return nil
		})
	}
	_ = group.Wait() // each has its own fault
	return list
}

func (s *Simulator) supposed(ctx context.Context, diff []aegis.ResourceChange) source {
	return func(yield func(Case, error) bool) {
		input, err := s.Door.Suppose(ctx, diff)
		yield(hypothetical("the diff of the request", input, err))
	}
}

// planned are the change sets that a goal comes to.
func (s *Simulator) planned(ctx context.Context, goal aegis.GoalSpec, note func(string)) source {
	return func(yield func(Case, error) bool) {
		preview, sets, err := s.Planner.Rehearse(ctx, goal)
		if err != nil {
			yield(Case{}, fmt.Errorf("plan the goal: %w", inGoal(err)))
			return
		}
		note(preview.Understanding)
		for i, cs := range sets {
			if needs := preview.Plan.Tasks[i].DependsOn; len(needs) > 0 {
				note(cs.Summary + ": can be planned only after " + strings.Join(needs, ", "))
				continue
			}
			input, err := s.Door.Preview(ctx, cs)
			if err == nil && len(input.Diff) == 0 {
				note(cs.Summary + ": changes no resource, so that no gate is asked")
				continue
			}
			if !yield(hypothetical(cs.Summary, input, err)) {
				return
			}
		}
	}
}

// hypothetical is a case that was never proposed.
func hypothetical(summary string, input aegis.GateInput, err error) (Case, error) {
	c := Case{Summary: summary, StackIDs: input.ChangeSet.Target.StackIDs}
	if err != nil {
		return c, fmt.Errorf("plan %s: %w", summary, err)
	}
	if c.Input, err = json.Marshal(input); err != nil {
		return c, fmt.Errorf("encode %s: %w", summary, err)
	}
	return c, nil
}

// inGoal names the fields at fault as the request has them.
func inGoal(err error) error {
	invalid, ok := errors.AsType[*aegis.InvalidError](err)
	if !ok {
		return err
	}
	var faults aegis.InvalidError
	for _, f := range invalid.Faults {
		faults.Add("goal."+f.Field, f.Message)
	}
	return &faults
}
