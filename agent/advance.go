package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// maxPlans bounds how often a goal is planned.
const maxPlans = 3

// advance is the kernel's loop over a planned goal: observe what became of the
// change sets, reflect on what failed and plan again where there is another way,
// execute the tasks that are ready. It ends when nothing is left but to wait.
// Every round is derived from what is stored, so that it may be cut off anywhere
// and begun again.
func (p *Planner) advance(ctx context.Context, goal aegis.Goal) error {
	for {
		sets, err := p.changeSetsOf(ctx, goal.GoalID)
		if err != nil {
			return err
		}
		changed := observe(goal.Plan, sets, p.Now())
		if !slices.ContainsFunc(goal.Plan.Tasks, func(t aegis.Task) bool { return !t.State.Terminal() }) {
			again, err := p.reflect(ctx, &goal, sets)
			if err != nil || !again {
				return err
			}
			continue
		}
		moved, err := p.execute(ctx, &goal)
		switch {
		case err != nil || goal.State.Terminal():
			return err
		case moved: // and may have ended already
		case changed:
			return p.Goals.UpdateGoal(ctx, goal)
		default:
			return nil
		}
	}
}

// observe takes the states of tasks from their change sets, and skips the tasks
// that depend on one that did not succeed. It says whether anything is new.
func observe(plan *aegis.GoalPlan, sets []aegis.AutonomousChangeSet, now time.Time) (changed bool) {
	ended := func(t *aegis.Task, state aegis.TaskState, why string) {
		t.State, t.Error, t.EndedAt, changed = state, why, &now, true
	}
	for i := range plan.Tasks {
		task := &plan.Tasks[i]
		if task.State.Terminal() {
			continue
		}
		if cs, ok := setOf(sets, task.TaskID); ok {
			task.ChangeSetID = cs.ChangeSetID
			if task.State == aegis.TaskWaiting {
				task.State, task.StartedAt, changed = aegis.TaskRunning, &cs.CreatedAt, true
			}
			switch {
			case !cs.PromotionState.Terminal():
			case cs.PromotionState == aegis.StatePromoted:
				ended(task, aegis.TaskSucceeded, "")
			case cs.PromotionState == aegis.StateDenied:
				ended(task, aegis.TaskDenied, became(cs))
			default:
				ended(task, aegis.TaskFailed, became(cs))
			}
			continue
		}
		for _, id := range task.DependsOn {
			if before := taskOf(plan, id); before.State.Terminal() && before.State != aegis.TaskSucceeded {
				ended(task, aegis.TaskSkipped, "task "+id+" did not succeed")
				break
			}
		}
	}
	return changed
}

func setOf(sets []aegis.AutonomousChangeSet, taskID string) (aegis.AutonomousChangeSet, bool) {
	i := slices.IndexFunc(sets, func(cs aegis.AutonomousChangeSet) bool { return cs.TaskID == taskID })
	if i < 0 {
		return aegis.AutonomousChangeSet{}, false
	}
	return sets[i], true
}

// taskOf is the task with an id; one that is not there has succeeded, since
// nothing waits for it.
func taskOf(plan *aegis.GoalPlan, id string) aegis.Task {
	i := slices.IndexFunc(plan.Tasks, func(t aegis.Task) bool { return t.TaskID == id })
	if i < 0 {
		return aegis.Task{State: aegis.TaskSucceeded}
	}
	return plan.Tasks[i]
}

// execute proposes every task that is ready, and says whether it proposed any. A
// proposal that is refused ends the goal and stops the others.
func (p *Planner) execute(ctx context.Context, goal *aegis.Goal) (moved bool, err error) {
	if !slices.ContainsFunc(goal.Plan.Tasks, func(t aegis.Task) bool { return t.State == aegis.TaskWaiting && ready(goal.Plan, t) }) {
		return false, nil
	}
	limits, err := p.limitsOf(*goal)
	if err != nil {
		return false, err
	}
	why, err := p.hindered(ctx, *goal, limits.deadline)
	if err != nil {
		return false, err
	}
	if why != "" {
		return true, p.giveUp(ctx, goal, why)
	}
	steps, err := p.foresee(ctx, goal, limits)
	if err != nil {
		return false, err
	}
	step := p.startStep("execute")
	var proposed []string
	for i := range goal.Plan.Tasks {
		task := &goal.Plan.Tasks[i]
		if task.State != aegis.TaskWaiting || !ready(goal.Plan, *task) {
			continue
		}
		id, err := p.propose(ctx, *goal, *task, limits)
		if reason, state, final := settled(err); final {
			return false, p.withdraw(ctx, goal, task, state, reason)
		}
		if err != nil {
			return false, fmt.Errorf("propose task %s: %w", task.TaskID, err)
		}
		if p.proposesByTool(*goal) {
			step.step.ToolCalls++
		}
		now := p.Now()
		task.State, task.ChangeSetID, task.StartedAt = aegis.TaskRunning, id, &now
		goal.ChangeSetIDs = append(goal.ChangeSetIDs, id)
		proposed = append(proposed, task.TaskID+" as "+id)
	}
	goal.State = aegis.GoalRunning
	return true, p.Goals.UpdateGoal(ctx, *goal, append(steps, step.end("go", strings.Join(proposed, ", ")))...)
}

// hindered says why no more of a goal may be begun; "" is nothing.
func (p *Planner) hindered(ctx context.Context, goal aegis.Goal, deadline *time.Time) (why string, err error) {
	if p.past(deadline) {
		return "it was not begun before the deadline, " + deadline.UTC().Format(time.RFC3339), nil
	}
	if goal.Agent == "" || p.Agents == nil {
		return "", nil
	}
	err = p.Agents.MayAct(ctx, goal.Agent)
	if errors.Is(err, aegis.ErrForbidden) {
		return err.Error(), nil
	}
	return "", err
}

func (p *Planner) past(deadline *time.Time) bool { return deadline != nil && p.Now().After(*deadline) }

// giveUp fails the tasks that were not begun.
func (p *Planner) giveUp(ctx context.Context, goal *aegis.Goal, why string) error {
	step, now := p.startStep("execute"), p.Now()
	for i := range goal.Plan.Tasks {
		if t := &goal.Plan.Tasks[i]; t.State == aegis.TaskWaiting {
			t.State, t.Error, t.EndedAt = aegis.TaskFailed, why, &now
		}
	}
	return p.Goals.UpdateGoal(ctx, *goal, step.end("refused", why))
}

func ready(plan *aegis.GoalPlan, task aegis.Task) bool {
	return !slices.ContainsFunc(task.DependsOn, func(id string) bool { return taskOf(plan, id).State != aegis.TaskSucceeded })
}

// limitsOf reads the goal's limits again: they are its own words.
func (p *Planner) limitsOf(goal aegis.Goal) (limits, error) {
	r, err := p.reads(goal)
	if err != nil {
		return limits{}, fmt.Errorf("read the limits of goal %s again: %w", goal.GoalID, err)
	}
	return r.limits, nil
}

// settled says how an error of propose ends a task, where it is no broken machinery: the
// door fails it, policy of tools denies it.
func settled(err error) (reason string, state aegis.TaskState, final bool) {
	if reason, ok := declined(err); ok {
		return reason, aegis.TaskFailed, true
	}
	if errors.Is(err, tool.ErrRefused) && !errors.Is(err, tool.ErrBusy) {
		return err.Error(), aegis.TaskDenied, true
	}
	return "", "", false
}

// withdraw ends a goal one of whose change sets may not be proposed, and stops those that
// were proposed before.
func (p *Planner) withdraw(ctx context.Context, goal *aegis.Goal, task *aegis.Task, state aegis.TaskState, why string) error {
	step := p.startStep("execute")
	sets, err := p.changeSetsOf(ctx, goal.GoalID)
	if err != nil {
		return err
	}
	now := p.Now()
	task.State, task.Error, task.EndedAt = state, why, &now
	goal.State, goal.Error = aegis.GoalFailed, why
	if state == aegis.TaskDenied {
		goal.State = aegis.GoalDenied
	}
	p.Logger.InfoContext(ctx, "proposal refused", "goal_id", goal.GoalID, "task_id", task.TaskID, "state", state)
	if err := p.Goals.UpdateGoal(ctx, *goal, step.end("refused", why)); err != nil {
		return err
	}
	return p.cancelAll(ctx, sets, Actor)
}

// reflect judges a goal all of whose tasks ended: it ends the goal, or plans
// again when a way did not last and there is another; again says so.
func (p *Planner) reflect(ctx context.Context, goal *aegis.Goal, sets []aegis.AutonomousChangeSet) (again bool, err error) {
	step := p.startStep("reflect")
	last := latest(goal.Plan)
	state := outcome(last)
	if err := p.learn(ctx, *goal, sets, state); err != nil {
		return false, err
	}
	deadline := p.deadline(*goal)
	if state != aegis.GoalSucceeded && !stopped(sets) {
		why, err := p.hindered(ctx, *goal, deadline)
		if err != nil {
			return false, err
		}
		if why == "" {
			again, err = p.replan(ctx, goal, last, step)
		}
		if err != nil || again {
			return again, err
		}
	}
	goal.State, goal.Error, goal.Result = state, reasons(last), result(goal.Plan, sets)
	if err := p.remember(ctx, *goal); err != nil {
		return false, err
	}
	if state == aegis.GoalSucceeded && p.past(deadline) {
		goal.Error = "reached after its deadline"
	}
	p.Logger.InfoContext(ctx, "goal settled", "goal_id", goal.GoalID, "state", state)
	return false, p.Goals.UpdateGoal(ctx, *goal, step.end(string(state), goal.Error))
}

// stopped says that a person cancelled one of the change sets.
func stopped(sets []aegis.AutonomousChangeSet) bool {
	return slices.ContainsFunc(sets, func(cs aegis.AutonomousChangeSet) bool { return cs.PromotionState == aegis.StateCancelled })
}

// replan makes another plan of a goal that has several ways.
func (p *Planner) replan(ctx context.Context, goal *aegis.Goal, last []aegis.Task, step traced) (bool, error) {
	chosen := slices.IndexFunc(goal.Plan.Options, func(o aegis.GoalOption) bool { return o.Chosen })
	if chosen < 0 || goal.Plan.Plans >= maxPlans {
		return false, nil
	}
	fell := goal.Plan.Options[chosen].Name
	why := reasons(last)
	options := fallen(goal.Plan.Options, why)
	plan, err := p.plan(ctx, *goal, tried(options))
	if refused, ok := errors.AsType[*refusal](err); ok {
		p.Logger.InfoContext(ctx, "no other way", "goal_id", goal.GoalID, "reason", refused.text)
		if len(plan.options) > 0 {
			goal.Plan.Options = plan.options
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := p.noteWay(ctx, *goal, fell, why); err != nil {
		return false, err
	}
	goal.Plan.Plans++
	goal.Plan.Options, goal.Understanding = plan.options, plan.understanding()
	goal.Plan.Tasks = append(goal.Plan.Tasks, p.tasks(plan, goal.Plan.Plans)...)
	goal.Plan.Ensemble = p.ensemble(*goal, plan.reading.limits, goal.Plan.Tasks)
	p.Logger.InfoContext(ctx, "goal planned again", "goal_id", goal.GoalID, "plan", goal.Plan.Plans)
	return true, p.Goals.UpdateGoal(ctx, *goal, step.end("replan", shorten(why)))
}

// deadline is the goal's, by its own words or by its field.
func (p *Planner) deadline(goal aegis.Goal) *time.Time {
	l, err := p.limitsOf(goal)
	if err != nil {
		return goal.Deadline
	}
	return l.deadline
}

// planPrefix begins the ids of the nth plan's tasks.
func planPrefix(n int) string { return fmt.Sprintf("%d.", n) }

// latest are the tasks of the newest plan.
func latest(plan *aegis.GoalPlan) []aegis.Task {
	prefix := planPrefix(plan.Plans)
	return slices.DeleteFunc(slices.Clone(plan.Tasks), func(t aegis.Task) bool { return !strings.HasPrefix(t.TaskID, prefix) })
}

// outcome is the goal state that ended tasks add up to.
func outcome(tasks []aegis.Task) aegis.GoalState {
	count := map[aegis.TaskState]int{}
	for _, t := range tasks {
		count[t.State]++
	}
	switch len(tasks) {
	case count[aegis.TaskSucceeded]:
		return aegis.GoalSucceeded
	case count[aegis.TaskDenied] + count[aegis.TaskSkipped]:
		return aegis.GoalDenied
	default:
		return aegis.GoalFailed
	}
}

// reasons says what became of the tasks that did not succeed.
func reasons(tasks []aegis.Task) string {
	var lines []string
	for _, t := range tasks {
		if t.State != aegis.TaskSucceeded {
			lines = append(lines, t.Error)
		}
	}
	return strings.Join(lines, "; ")
}

// result is what came of a goal.
func result(plan *aegis.GoalPlan, sets []aegis.AutonomousChangeSet) *aegis.GoalResult {
	r := &aegis.GoalResult{Achieved: []string{}}
	if plan.Reading != nil {
		r.USDRun = plan.Reading.CostUSD
	}
	for _, cs := range sets {
		if cs.PromotionState == aegis.StatePromoted {
			r.Achieved = append(r.Achieved, cs.Summary)
			r.USDMonth += cs.CostDeltaUSDMonth
			r.CostUnknown = append(r.CostUnknown, cs.CostUnknown...)
		}
	}
	for _, t := range latest(plan) {
		if t.State != aegis.TaskSucceeded {
			r.Lacks = append(r.Lacks, t.Summary)
		}
	}
	for _, o := range plan.Options {
		if o.Chosen {
			r.Lacks = append(r.Lacks, o.Lacks...)
		}
	}
	return r
}

// traced is a step of the trace that has begun.
type traced struct {
	p    *Planner
	step aegis.TraceStep
}

func (p *Planner) startStep(name string) traced {
	return traced{p, aegis.TraceStep{Name: name, StartedAt: p.Now()}}
}

// end is the step with how it ended.
func (t traced) end(verdict, message string) aegis.TraceStep {
	t.step.Verdict, t.step.Message = verdict, shorten(message)
	t.step.DurationMS = t.p.Now().Sub(t.step.StartedAt).Milliseconds()
	return t.step
}
