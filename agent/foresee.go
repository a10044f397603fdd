package agent

import (
	"context"
	"fmt"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// foresee tries the tasks that a plan begins with, where there are several and none was
// begun: engines plan them and policy judges them, before any is proposed. Where one would
// not go through, the others are skipped, so that no part of a goal is applied beside a
// part that is denied; that one is proposed, and the door has the last word. Steps are
// what the goal's trace is to tell of it.
func (p *Planner) foresee(ctx context.Context, goal *aegis.Goal, lim limits) (steps []aegis.TraceStep, err error) {
	first := beginning(goal.Plan)
	if len(first) < 2 {
		return nil, nil
	}
	step := p.startStep("try")
	sets := make([]aegis.AutonomousChangeSet, len(first))
	for i, task := range first {
		sets[i] = p.changeSet(*goal, *task, lim)
	}
	trials, err := p.tryAll(ctx, sets)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		// What can't be tried now may well be applied later: the door waits and tries again.
		p.Logger.WarnContext(ctx, "a plan was not tried as a whole", "goal_id", goal.GoalID, "error", err)
		return nil, nil
	}
	var faults []string
	for _, task := range first {
		if why := wouldFail(trials[task.TaskID]); why != "" {
			faults = append(faults, fmt.Sprintf("task %s would not go through: %s", task.TaskID, why))
		}
	}
	if len(faults) == 0 {
		return []aegis.TraceStep{step.end("go", fmt.Sprintf("%d tasks would go through", len(first)))}, nil
	}
	now, why := p.Now(), strings.Join(faults, "; ")
	for _, task := range first {
		if wouldFail(trials[task.TaskID]) == "" {
			task.State, task.Error, task.EndedAt = aegis.TaskSkipped, shorten(why), &now
		}
	}
	// Kept before that one is proposed: a worker that goes on after a crash finds it begun,
	// and would not try the others again.
	return nil, p.Goals.UpdateGoal(ctx, *goal, step.end("refused", why))
}

// beginning are the tasks of the newest plan that wait for no other; none once one of the
// plan was begun.
func beginning(plan *aegis.GoalPlan) (tasks []*aegis.Task) {
	prefix := planPrefix(plan.Plans)
	for i := range plan.Tasks {
		task := &plan.Tasks[i]
		switch {
		case !strings.HasPrefix(task.TaskID, prefix):
		case task.State != aegis.TaskWaiting:
			return nil
		case ready(plan, *task):
			tasks = append(tasks, task)
		}
	}
	return tasks
}

// wouldFail says why a task that was tried would not be applied; "" is nothing.
func wouldFail(t aegis.Trial) string {
	if t.Error != "" || len(t.Denials) == 0 {
		return t.Error
	}
	return denials(t.Denials)
}
