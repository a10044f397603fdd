package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// evacuation is a goal of two tasks at its end, and what its preview said.
func evacuation(told telling) (ended, aegis.GoalPreview) {
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	tasks := func() []aegis.Task {
		return []aegis.Task{
			{TaskID: "1.1.runtime", Summary: "Make room", DependsOn: []string{}, EstimatedUSDMonth: 50, Patches: []aegis.SpecPatch{{StackID: "a", MergePatch: []byte(`{"n":3}`)}}},
			{TaskID: "1.2.runtime", Summary: "Stop", DependsOn: []string{"1.1.runtime"}, EstimatedUSDMonth: -60, Patches: []aegis.SpecPatch{{StackID: "b", MergePatch: []byte(`{"n":0}`)}}},
		}
	}
	set := func(id, task string, usd float64, begun time.Time) aegis.AutonomousChangeSet {
		return aegis.AutonomousChangeSet{
			ChangeSetID: id, TaskID: task, CostDeltaUSDMonth: usd, DecisionID: "dec-" + id, PromotionState: aegis.StatePromoted,
			CreatedAt: begun, UpdatedAt: begun.Add(time.Minute),
		}
	}
	want := aegis.GoalPreview{
		Plan:   aegis.GoalPlan{Tasks: tasks(), Options: []aegis.GoalOption{{Lacks: []string{"more"}}, {Chosen: true, Lacks: []string{"its data stays"}}}},
		Trials: []aegis.Trial{{TaskID: "1.1.runtime", CostDeltaUSDMonth: 52}, {TaskID: "1.2.runtime", Waits: true}},
	}
	return ended{
		goal: aegis.Goal{
			State:  aegis.GoalSucceeded,
			Plan:   &aegis.GoalPlan{Tasks: tasks(), Reading: &aegis.GoalReading{Model: told.model(), Sentences: told.sentences}},
			Result: &aegis.GoalResult{Achieved: []string{"Make room", "Stop"}, Lacks: []string{"its data stays"}, USDMonth: -8, USDRun: readUSD()},
		},
		sets: []aegis.AutonomousChangeSet{set("cs-1", "1.1.runtime", 52, noon), set("cs-2", "1.2.runtime", -60, noon.Add(2*time.Minute))},
	}, want
}

func TestDifferencesAreDamage(t *testing.T) {
	t.Parallel()
	told := tellings()[0]
	end, want := evacuation(told)
	require.Empty(t, end.differences(want, told))
	for fact, spoil := range map[string]func(*ended){
		"a goal that failed":                    func(e *ended) { e.goal.State = aegis.GoalFailed },
		"another model":                         func(e *ended) { e.goal.Plan.Reading.Model = "reader-of-tea-leaves" },
		"another sentence":                      func(e *ended) { e.goal.Plan.Reading.Sentences = []string{"evacuate us-east-1"} },
		"another patch":                         func(e *ended) { e.goal.Plan.Tasks[0].Patches[0].MergePatch = []byte(`{"n":4}`) },
		"another order":                         func(e *ended) { e.goal.Plan.Tasks[1].DependsOn = nil },
		"a change set too many":                 func(e *ended) { e.sets = append(e.sets, e.sets[0]) },
		"a change set that was not promoted":    func(e *ended) { e.sets[0].PromotionState = aegis.StateRolledBack },
		"a change set that nobody decided":      func(e *ended) { e.sets[1].DecisionID = "" },
		"a task that did not wait":              func(e *ended) { e.sets[1].CreatedAt = e.sets[0].CreatedAt },
		"a task that the result leaves out":     func(e *ended) { e.goal.Result.Achieved = e.goal.Result.Achieved[:1] },
		"a gap that the result leaves out":      func(e *ended) { e.goal.Result.Lacks = nil },
		"a cost that is unknown":                func(e *ended) { e.goal.Result.CostUnknown = []string{"aws_x::y"} },
		"another cost a month":                  func(e *ended) { e.goal.Result.USDMonth = 52 },
		"a cost that was not previewed":         func(e *ended) { e.goal.Result.USDMonth, e.sets[0].CostDeltaUSDMonth = -7, 53 },
		"an answer that was paid for twice":     func(e *ended) { e.goal.Result.USDRun *= 2 },
		"an answer that is said to be for free": func(e *ended) { e.goal.Result.USDRun = 0 },
	} {
		end, want := evacuation(told)
		spoil(&end)
		require.NotEmpty(t, end.differences(want, told), fact)
	}
}
