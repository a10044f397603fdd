package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

const (
	// lessonLife is how long the planner remembers what came of a way, doubtLife how
	// long it takes another rather than one that did not last.
	lessonLife = 90 * 24 * time.Hour
	doubtLife  = 30 * 24 * time.Hour
)

// lesson is what came of the newest try of a way, by any goal.
type lesson struct {
	failed bool
	// text says so to people.
	text string
}

// lessonHead begins the text of the lessons of a way to an aim: what lessons are
// told apart by.
func lessonHead(aim, way string) string { return fmt.Sprintf("Way %q to %q ", way, aim) }

// learn keeps, for all later goals, what came of the way that the goal's newest
// plan took: it lasted, or was rolled back. What policy denied was never tried.
// Each plan teaches once, however often it is judged.
func (p *Planner) learn(ctx context.Context, goal aegis.Goal, sets []aegis.AutonomousChangeSet, state aegis.GoalState) error {
	i := slices.IndexFunc(goal.Plan.Options, func(o aegis.GoalOption) bool { return o.Chosen })
	if p.Memory == nil || i < 0 {
		return nil
	}
	end, outcome := "lasted.", aegis.MemorySucceeded
	if state != aegis.GoalSucceeded {
		why := undone(goal.Plan, sets)
		if why == "" {
			return nil
		}
		end, outcome = "did not last: "+shorten(why), aegis.MemoryFailed
	}
	r, err := p.reads(goal)
	if err != nil || r.aim == nil {
		return err
	}
	expires := p.Now().UTC().Add(lessonLife)
	return p.keepMemory(ctx, goal, aegis.Memory{
		MemoryID: fmt.Sprintf("%s.%d", memoryOf(goal), goal.Plan.Plans), Kind: aegis.MemorySemantic,
		Text: lessonHead(r.aim.summary, goal.Plan.Options[i].Name) + end, Outcome: outcome, ExpiresAt: &expires,
	})
}

// undone says which change sets of the newest plan were applied and taken back; ""
// is none.
func undone(plan *aegis.GoalPlan, sets []aegis.AutonomousChangeSet) string {
	var lines []string
	for _, task := range latest(plan) {
		cs, ok := setOf(sets, task.TaskID)
		if ok && (cs.PromotionState == aegis.StateRolledBack || cs.PromotionState == aegis.StateFailed) {
			lines = append(lines, became(cs))
		}
	}
	return strings.Join(lines, "; ")
}

// recall is what came of the ways to an aim before, by their names. Memory that
// can't be searched leaves the planner without lessons, not goals without plans.
func (p *Planner) recall(ctx context.Context, goal aegis.Goal, aim string, ways []way) (map[string]lesson, error) {
	if p.Memory == nil {
		return nil, nil
	}
	lessons := map[string]lesson{}
	for _, w := range ways {
		head := lessonHead(aim, w.name)
		found, _, err := p.Memory.Search(ctx, memory.Query{
			AgentID: actor(goal), Shared: []string{Actor}, Kinds: []aegis.MemoryKind{aegis.MemorySemantic}, Text: head,
		})
		if ctx.Err() != nil {
			return nil, fmt.Errorf("recall lessons: %w", ctx.Err())
		}
		if err != nil {
			p.Logger.WarnContext(ctx, "planned without lessons", "error", err)
			return nil, nil
		}
		found = slices.DeleteFunc(found, func(m aegis.Memory) bool { return !strings.HasPrefix(m.Text, head) })
		if len(found) == 0 {
			continue
		}
		newest := slices.MaxFunc(found, func(a, b aegis.Memory) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.MemoryID, b.MemoryID))
		})
		lessons[w.name] = lesson{
			failed: newest.Outcome == aegis.MemoryFailed && p.Now().Sub(newest.CreatedAt) < doubtLife,
			text: fmt.Sprintf("on %s, in %s, it %s", newest.CreatedAt.UTC().Format(time.DateOnly),
				newest.Provenance.GoalID, strings.TrimSuffix(strings.TrimPrefix(newest.Text, head), ".")),
		}
	}
	return lessons, nil
}

// memoryOf is the id of what is remembered of a goal.
func memoryOf(goal aegis.Goal) string {
	return aegis.MemoryPrefix + strings.TrimPrefix(goal.GoalID, aegis.GoalPrefix)
}

// keepMemory keeps what a goal taught. A text of which nothing may be kept is none.
func (p *Planner) keepMemory(ctx context.Context, goal aegis.Goal, m aegis.Memory) error {
	m.AgentID, m.Provenance = actor(goal), aegis.MemoryProvenance{Source: aegis.MemoryFromGoal, GoalID: goal.GoalID}
	_, err := p.Memory.Remember(ctx, m)
	if errors.Is(err, aegis.ErrInvalid) {
		p.Logger.WarnContext(ctx, "goal not remembered", "goal_id", goal.GoalID, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("remember goal %s: %w", goal.GoalID, err)
	}
	return nil
}
