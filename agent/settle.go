package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// Settle ends a running goal when its change sets have ended: succeeded when
// all were promoted, denied when all were denied, failed otherwise, with the
// reasons. It does nothing to a goal that is not running, and is idempotent.
func (p *Planner) Settle(ctx context.Context, goalID string) error {
	goal, err := p.Goals.Goal(ctx, goalID)
	if err != nil {
		return fmt.Errorf("settle goal: %w", err)
	}
	if goal.State != aegis.GoalRunning {
		return nil
	}
	sets, err := p.changeSetsOf(ctx, goalID)
	if err != nil {
		return fmt.Errorf("settle goal %s: %w", goalID, err)
	}
	state := outcome(sets)
	if !state.Terminal() {
		return nil
	}
	goal.State, goal.Error = state, reasons(sets)
	if goal.Deadline != nil && state == aegis.GoalSucceeded && p.Now().After(*goal.Deadline) {
		goal.Error = "reached after its deadline"
	}
	err = p.Goals.UpdateGoal(ctx, goal)
	if errors.Is(err, aegis.ErrConflict) && p.ended(ctx, goalID) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle goal %s: %w", goalID, err)
	}
	p.Logger.InfoContext(ctx, "goal settled", "goal_id", goalID, "state", state)
	return nil
}

// Cancel ends a goal on a person's behalf and stops its change sets: what was
// applied is rolled back by the door. ErrConflict: the goal has ended.
func (p *Planner) Cancel(ctx context.Context, goalID, actor string) error {
	goal, err := p.Goals.Goal(ctx, goalID)
	if err != nil {
		return fmt.Errorf("cancel goal: %w", err)
	}
	if goal.State.Terminal() && goal.State != aegis.GoalCancelled {
		return fmt.Errorf("cancel goal %s: it is %s: %w", goalID, goal.State, aegis.ErrConflict)
	}
	goal.State, goal.Error = aegis.GoalCancelled, "cancelled by "+actor
	if err := p.Goals.UpdateGoal(ctx, goal); err != nil {
		return fmt.Errorf("cancel goal %s: %w", goalID, err)
	}
	sets, err := p.changeSetsOf(ctx, goalID)
	if err != nil {
		return fmt.Errorf("cancel goal %s: %w", goalID, err)
	}
	return p.cancelAll(ctx, sets, actor)
}

func (p *Planner) cancelAll(ctx context.Context, sets []aegis.AutonomousChangeSet, actor string) error {
	var faults []error
	for _, cs := range sets {
		if cs.PromotionState.Terminal() {
			continue
		}
		err := p.Door.Cancel(ctx, cs.ChangeSetID, actor)
		if err != nil && !errors.Is(err, aegis.ErrConflict) {
			faults = append(faults, fmt.Errorf("cancel change set %s: %w", cs.ChangeSetID, err))
		}
	}
	return errors.Join(faults...)
}

// outcome is the goal state that its change sets add up to.
func outcome(sets []aegis.AutonomousChangeSet) aegis.GoalState {
	count := map[aegis.PromotionState]int{}
	for _, cs := range sets {
		if !cs.PromotionState.Terminal() {
			return aegis.GoalRunning
		}
		count[cs.PromotionState]++
	}
	switch len(sets) {
	case 0:
		return aegis.GoalRunning
	case count[aegis.StatePromoted]:
		return aegis.GoalSucceeded
	case count[aegis.StateDenied]:
		return aegis.GoalDenied
	default:
		return aegis.GoalFailed
	}
}

// reasons says of each change set that was not promoted what became of it.
func reasons(sets []aegis.AutonomousChangeSet) string {
	var lines []string
	for _, cs := range sets {
		if cs.PromotionState == aegis.StatePromoted {
			continue
		}
		line := fmt.Sprintf("%s (%s) was %s", cs.ChangeSetID, cs.Summary, strings.ReplaceAll(string(cs.PromotionState), "_", " "))
		switch {
		case len(cs.Denials) > 0:
			line += ": " + denials(cs.Denials)
		case cs.Error != "":
			line += ": " + cs.Error
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func denials(rules []aegis.RuleResult) string {
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = r.Code + ": " + r.Msg
	}
	return strings.Join(texts, "; ")
}

// changeSetsOf lists the goal's change sets, oldest first.
func (p *Planner) changeSetsOf(ctx context.Context, goalID string) ([]aegis.AutonomousChangeSet, error) {
	var all []aegis.AutonomousChangeSet
	for page := (aegis.Page{Limit: 100}); ; {
		sets, next, err := p.ChangeSets.ChangeSets(ctx, aegis.ChangeSetFilter{GoalID: goalID}, page)
		if err != nil {
			return nil, fmt.Errorf("list its change sets: %w", err)
		}
		for _, cs := range sets {
			all = append([]aegis.AutonomousChangeSet{cs}, all...)
		}
		if next == "" {
			return all, nil
		}
		page.Cursor = next
	}
}
