package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

// memories keep what agents learn; the first of two with one id stays.
type memories interface {
	Remember(ctx context.Context, m aegis.Memory) (aegis.Memory, error)
	// Search finds memories, best first, and the cursor of the next page.
	Search(ctx context.Context, q memory.Query) ([]aegis.Memory, string, error)
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
	return p.keepMemory(ctx, goal, aegis.Memory{
		MemoryID: memoryOf(goal), Kind: aegis.MemoryEpisodic, Scope: goal.GoalID, Text: said.String(), Outcome: outcome,
	})
}

// noteLook keeps, while the goal is open, what a look found.
func (p *Planner) noteLook(ctx context.Context, goal aegis.Goal, steps []aegis.AgentStep) error {
	reading := goal.Plan.Reading
	if p.Memory == nil || len(reading.Values) == 0 {
		return nil
	}
	var called []string
	for _, s := range steps {
		if s.Tool != "" && s.Error == "" {
			called = append(called, s.Tool)
		}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(reading.Values)) {
		found = append(found, name+" "+reading.Values[name])
	}
	return p.keepMemory(ctx, goal, aegis.Memory{
		MemoryID: memoryOf(goal) + ".look", Kind: aegis.MemorySession, Scope: goal.GoalID,
		Text: fmt.Sprintf("Goal %q means %s, by %s.", goal.Intent, strings.Join(found, ", "), strings.Join(called, ", ")),
	})
}

// noteWay keeps, while the goal is open, why it is planned again.
func (p *Planner) noteWay(ctx context.Context, goal aegis.Goal, fell, why string) error {
	if p.Memory == nil {
		return nil
	}
	return p.keepMemory(ctx, goal, aegis.Memory{
		MemoryID: fmt.Sprintf("%s.plan.%d", memoryOf(goal), goal.Plan.Plans), Kind: aegis.MemorySession, Scope: goal.GoalID, Outcome: aegis.MemoryFailed,
		Text: fmt.Sprintf("Goal %q was planned again: %q did not do, since %s.", goal.Intent, fell, shorten(why)),
	})
}
