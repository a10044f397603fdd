package bench

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// cent is as far as two figures of one cost may be apart, in US dollars.
const cent = 0.01

// ended is a goal at its end, with its change sets.
type ended struct {
	goal aegis.Goal
	sets []aegis.AutonomousChangeSet
}

// ending waits for a goal's end.
func ending(ctx context.Context, p *e2e.Process, goalID string) (end ended, err error) {
	api := client.New(p.URL, p.Token)
	if end.goal, err = e2e.AwaitGoal(ctx, api, goalID); err != nil {
		return end, err
	}
	for _, id := range end.goal.ChangeSetIDs {
		cs, err := api.ChangeSet(ctx, id)
		if err != nil {
			return end, fmt.Errorf("read change set %s: %w", id, err)
		}
		end.sets = append(end.sets, cs)
	}
	return end, nil
}

// differences are in what a goal that a model read came to something else than the
// preview of its plain words said.
func (e ended) differences(want aegis.GoalPreview, told telling) (damage []string) {
	if e.goal.State != aegis.GoalSucceeded || e.goal.Error != "" || e.goal.Plan == nil || e.goal.Result == nil {
		return []string{fmt.Sprintf("it %s: %s", e.goal.State, e.goal.Error)}
	}
	return slices.Concat(e.reading(told), e.tasks(want), e.promoted(), e.result(want))
}

// reading is what is wrong with how a model read it.
func (e ended) reading(told telling) []string {
	r := e.goal.Plan.Reading
	if r == nil || r.Model != told.model() || !slices.Equal(r.Sentences, told.sentences) {
		return []string{fmt.Sprintf("it was read otherwise: %+v", r)}
	}
	return nil
}

// tasks is where its tasks are not those that were previewed.
func (e ended) tasks(want aegis.GoalPreview) (damage []string) {
	tasks := e.goal.Plan.Tasks
	if len(tasks) != len(want.Plan.Tasks) || len(e.sets) != len(tasks) {
		return []string{fmt.Sprintf("%d tasks with %d change sets, %d were previewed", len(tasks), len(e.sets), len(want.Plan.Tasks))}
	}
	for i, task := range tasks {
		previewed := want.Plan.Tasks[i]
		if task.TaskID != previewed.TaskID || task.Summary != previewed.Summary || !slices.Equal(task.DependsOn, previewed.DependsOn) ||
			!slices.EqualFunc(task.Patches, previewed.Patches, samePatch) {
			damage = append(damage, fmt.Sprintf("task %s does something else than was previewed", task.TaskID))
		}
	}
	return damage
}

func samePatch(a, b aegis.SpecPatch) bool {
	return a.StackID == b.StackID && a.BaseRevision == b.BaseRevision && string(a.MergePatch) == string(b.MergePatch)
}

// promoted is where its change sets did not come through the door, or not once and in
// the order of the tasks.
func (e ended) promoted() (damage []string) {
	started := map[string]aegis.AutonomousChangeSet{}
	for _, cs := range e.sets {
		if _, twice := started[cs.TaskID]; twice || cs.PromotionState != aegis.StatePromoted || cs.DecisionID == "" {
			damage = append(damage, fmt.Sprintf("%s of task %s was %s by decision %q", cs.ChangeSetID, cs.TaskID, cs.PromotionState, cs.DecisionID))
		}
		started[cs.TaskID] = cs
	}
	for _, task := range e.goal.Plan.Tasks {
		for _, id := range task.DependsOn {
			if started[task.TaskID].CreatedAt.Before(started[id].UpdatedAt) {
				damage = append(damage, fmt.Sprintf("task %s began before %s was done", task.TaskID, id))
			}
		}
	}
	return damage
}

// result is where its result is not what was previewed.
func (e ended) result(want aegis.GoalPreview) (damage []string) {
	got := e.goal.Result
	var achieved, lacks []string
	var proposed, previewed float64
	for i, task := range want.Plan.Tasks {
		achieved = append(achieved, task.Summary)
		proposed += e.costOf(task.TaskID)
		if trial := want.Trials[i]; trial.Waits {
			previewed += task.EstimatedUSDMonth
		} else {
			previewed += trial.CostDeltaUSDMonth
		}
	}
	for _, o := range want.Plan.Options {
		if o.Chosen {
			lacks = append(lacks, o.Lacks...)
		}
	}
	if !slices.Equal(got.Achieved, achieved) {
		damage = append(damage, fmt.Sprintf("it achieved %q, not %q", got.Achieved, achieved))
	}
	if !slices.Equal(got.Lacks, lacks) {
		damage = append(damage, fmt.Sprintf("it lacks %q, not %q", got.Lacks, lacks))
	}
	if len(got.CostUnknown) > 0 {
		damage = append(damage, fmt.Sprintf("the cost of %q is unknown", got.CostUnknown))
	}
	if math.Abs(got.USDMonth-proposed) > cent || math.Abs(got.USDMonth-previewed) > cent {
		damage = append(damage, fmt.Sprintf("a month costs %.2f USD more, %.2f by its change sets and %.2f by its preview", got.USDMonth, proposed, previewed))
	}
	if math.Abs(got.USDRun-readUSD()) > 1e-9 {
		damage = append(damage, fmt.Sprintf("reading it cost %f USD, one answer costs %f", got.USDRun, readUSD()))
	}
	return damage
}

// costOf is by how much a month costs more by the change set of a task, in US dollars.
func (e ended) costOf(taskID string) (usd float64) {
	for _, cs := range e.sets {
		if cs.TaskID == taskID {
			usd += cs.CostDeltaUSDMonth
		}
	}
	return usd
}
