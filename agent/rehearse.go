package agent

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	aegis "github.com/aegisworld/aegis"
)

// Rehearse plans a goal and returns what it comes to and the change sets that its
// tasks would propose. Nothing is stored and nothing proposed. A goal that can't be
// planned is an InvalidError of the field intent, beside what was understood.
func (p *Planner) Rehearse(ctx context.Context, spec aegis.GoalSpec) (aegis.GoalPreview, []aegis.AutonomousChangeSet, error) {
	return p.rehearse(ctx, spec, "preview")
}

func (p *Planner) rehearse(ctx context.Context, spec aegis.GoalSpec, submitter string) (aegis.GoalPreview, []aegis.AutonomousChangeSet, error) {
	goal := aegis.Goal{GoalSpec: spec}
	plan, err := p.plan(ctx, goal, nil)
	var told *aegis.GoalReading
	if p.unread(err) {
		if told, err = p.understand(ctx, aegis.Goal{GoalSpec: spec, Submitter: submitter}); err != nil {
			return aegis.GoalPreview{}, nil, err
		}
		goal.Plan = &aegis.GoalPlan{Reading: told}
		plan, err = p.plan(ctx, goal, nil)
	}
	preview := aegis.GoalPreview{
		Understanding: plan.understanding(), Trials: []aegis.Trial{},
		Plan: aegis.GoalPlan{Plans: 1, Reading: told, Options: plan.options, Tasks: []aegis.Task{}},
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		preview.Error = refused.text
		return preview, nil, aegis.Invalid("intent", refused.text)
	}
	if err != nil {
		return aegis.GoalPreview{}, nil, err
	}
	preview.Plan.Tasks = p.tasks(plan, 1)
	preview.Plan.Ensemble = p.ensemble(goal, plan.reading.limits, preview.Plan.Tasks)
	var sets []aegis.AutonomousChangeSet
	for _, task := range preview.Plan.Tasks {
		sets = append(sets, p.changeSet(goal, task, plan.reading.limits))
	}
	return preview, sets, nil
}

// understand has models read a goal to the end, and keeps nothing.
func (p *Planner) understand(ctx context.Context, goal aegis.Goal) (*aegis.GoalReading, error) {
	told, err := p.interpret(ctx, goal)
	if err != nil {
		return nil, err
	}
	goal.Plan = &aegis.GoalPlan{Reading: told}
	if told.Open() {
		if told, _, err = p.lookUp(ctx, goal); err != nil {
			return nil, err
		}
		goal.Plan.Reading = told
	}
	if told.Fault != "" {
		return told, nil
	}
	critique, err := p.critique(ctx, goal)
	if err != nil || critique == nil {
		return told, err
	}
	told.Judge(*critique)
	return told, nil
}

// Preview rehearses a goal and has the door try its tasks: engines plan them, and
// policy judges the plans. A goal that can't be planned is a preview with Error. The
// submitter pays where a model is asked.
func (p *Planner) Preview(ctx context.Context, spec aegis.GoalSpec, submitter string) (aegis.GoalPreview, error) {
	preview, sets, err := p.rehearse(ctx, spec, submitter)
	if errors.Is(err, aegis.ErrInvalid) {
		return preview, nil
	}
	if err != nil {
		return aegis.GoalPreview{}, err
	}
	var first []aegis.AutonomousChangeSet
	for i, task := range preview.Plan.Tasks {
		if len(task.DependsOn) == 0 {
			first = append(first, sets[i])
		}
	}
	tried, err := p.tryAll(ctx, first)
	if err != nil {
		return aegis.GoalPreview{}, err
	}
	for _, cs := range sets {
		trial, ok := tried[cs.TaskID]
		if !ok {
			trial = noTrial(cs.TaskID)
			trial.Waits = true
		}
		preview.Trials = append(preview.Trials, trial)
	}
	return preview, nil
}

// tryAll has the door try tasks side by side; the trials are by task.
func (p *Planner) tryAll(ctx context.Context, sets []aegis.AutonomousChangeSet) (map[string]aegis.Trial, error) {
	trials := make([]aegis.Trial, len(sets))
	g, ctx := errgroup.WithContext(ctx)
	for i, cs := range sets {
		g.Go(func() (err error) {
			trials[i], err = p.try(ctx, cs)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	byTask := make(map[string]aegis.Trial, len(sets))
	for i, cs := range sets {
		byTask[cs.TaskID] = trials[i]
	}
	return byTask, nil
}

// try has the door try a task; what it refuses is the trial's error.
func (p *Planner) try(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.Trial, error) {
	trial, err := p.Door.Try(ctx, cs)
	if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
		refused := noTrial(cs.TaskID)
		refused.Error = invalid.Error()
		return refused, nil
	}
	if err != nil {
		return aegis.Trial{}, fmt.Errorf("try task %s: %w", cs.TaskID, err)
	}
	return trial, nil
}

// noTrial is that of a task which the door did not try.
func noTrial(taskID string) aegis.Trial {
	return aegis.Trial{TaskID: taskID, Diff: []aegis.ResourceChange{}, Denials: []aegis.RuleResult{}, Warnings: []aegis.RuleResult{}}
}
