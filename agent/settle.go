package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// Settle looks at what became of a running goal's change sets and moves the goal
// on: to the tasks that were waiting for them, to another plan, or to its end:
// succeeded when all were promoted, denied when all were denied, failed
// otherwise, with the reasons. It does nothing to a goal that has no plan, or has
// ended, and is idempotent.
func (p *Planner) Settle(ctx context.Context, goalID string) error {
	goal, err := p.Goals.Goal(ctx, goalID)
	if err != nil {
		return fmt.Errorf("settle goal: %w", err)
	}
	if goal.State.Terminal() || goal.Plan == nil || goal.Plan.Plans == 0 {
		return nil
	}
	if err := p.work(ctx, goal, p.advance); err != nil {
		return fmt.Errorf("settle goal %s: %w", goalID, err)
	}
	return nil
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

// became says what became of a change set that was not promoted, and why.
func became(cs aegis.AutonomousChangeSet) string {
	line := fmt.Sprintf("%s (%s) was %s", cs.ChangeSetID, cs.Summary, strings.ReplaceAll(string(cs.PromotionState), "_", " "))
	switch {
	case len(cs.Denials) > 0:
		return line + ": " + denials(cs.Denials)
	case cs.Error != "":
		return line + ": " + cs.Error
	default:
		return line
	}
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
