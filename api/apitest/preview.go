package apitest

import (
	"context"
	"strings"

	"github.com/aegisworld/aegis"
)

// Preview has two tasks, the first of which policy denies; what says nothing of the
// runtime is not understood.
func (s *Store) Preview(_ context.Context, spec aegis.GoalSpec, _ string) (aegis.GoalPreview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return aegis.GoalPreview{}, s.fault
	}
	if !strings.Contains(spec.Intent, "runtime") {
		return aegis.GoalPreview{Understanding: "nothing", Error: "not understood", Plan: aegis.GoalPlan{Tasks: []aegis.Task{}}, Trials: []aegis.Trial{}}, nil
	}
	return aegis.GoalPreview{
		Understanding: "Understood: " + spec.Intent,
		Plan: aegis.GoalPlan{Plans: 1, Tasks: []aegis.Task{
			{TaskID: "1.1.runtime", Summary: "Scale the runtime", State: aegis.TaskWaiting, DependsOn: []string{}, Patches: []aegis.SpecPatch{}},
			{TaskID: "1.2.edge", Summary: "Fail over", State: aegis.TaskWaiting, DependsOn: []string{"1.1.runtime"}, Patches: []aegis.SpecPatch{}},
		}},
		Trials: []aegis.Trial{
			{
				TaskID: "1.1.runtime", CostDeltaUSDMonth: 12.5, RiskScore: 10, Warnings: []aegis.RuleResult{},
				Diff:    []aegis.ResourceChange{{StackID: "sandbox.runtime.eu-west-1", Address: "aws_autoscaling_group::node", Action: aegis.ActionUpdate}},
				Denials: []aegis.RuleResult{{Code: "too_dear", Msg: "it costs too much"}},
			},
			{TaskID: "1.2.edge", Waits: true, Diff: []aegis.ResourceChange{}, Denials: []aegis.RuleResult{}, Warnings: []aegis.RuleResult{}},
		},
	}, nil
}
