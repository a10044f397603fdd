package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// memories keep what agents learn; the first of two with one id stays.
type memories interface {
	Remember(ctx context.Context, m aegis.Memory) (aegis.Memory, error)
}

// remember keeps what came of a goal. It is kept once, however often the goal's end
// is written; a text of which nothing may be kept is none.
func (p *Planner) remember(ctx context.Context, goal aegis.Goal) error {
	if p.Memory == nil {
		return nil
	}
	outcome := aegis.MemoryFailed
	if goal.State == aegis.GoalSucceeded {
		outcome = aegis.MemorySucceeded
	}
	var said strings.Builder
	fmt.Fprintf(&said, "Goal %q %s.", goal.Intent, goal.State)
	if goal.Result != nil && len(goal.Result.Achieved) > 0 {
		fmt.Fprintf(&said, " Done: %s; %s a month.", strings.Join(goal.Result.Achieved, "; "), signed(goal.Result.USDMonth))
	}
	for _, o := range goal.Plan.Options {
		if o.Chosen {
			fmt.Fprintf(&said, " By: %s.", o.Name)
		}
	}
	if goal.Error != "" {
		fmt.Fprintf(&said, " Reason: %s.", goal.Error)
	}
	_, err := p.Memory.Remember(ctx, aegis.Memory{
		MemoryID: aegis.MemoryPrefix + strings.TrimPrefix(goal.GoalID, aegis.GoalPrefix), AgentID: actor(goal), Kind: aegis.MemoryEpisodic, Scope: goal.GoalID,
		Text: said.String(), Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromGoal, GoalID: goal.GoalID}, Outcome: outcome,
	})
	if errors.Is(err, aegis.ErrInvalid) {
		p.Logger.WarnContext(ctx, "goal not remembered", "goal_id", goal.GoalID, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("remember goal %s: %w", goal.GoalID, err)
	}
	return nil
}
