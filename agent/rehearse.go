package agent

import (
	"context"
	"errors"

	aegis "github.com/aegisworld/aegis"
)

// Rehearse plans a goal and returns the change sets that it would propose, and
// how the intent was read. Nothing is stored and nothing proposed. A goal that
// can't be planned is an InvalidError of the field intent.
func (p *Planner) Rehearse(ctx context.Context, goal aegis.GoalSpec) (sets []aegis.AutonomousChangeSet, understanding string, err error) {
	plan, err := p.plan(ctx, goal, nil)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return nil, plan.understanding(), aegis.Invalid("intent", refused.text)
	}
	if err != nil {
		return nil, "", err
	}
	for _, l := range plan.layers {
		sets = append(sets, l.changeSet(aegis.Goal{GoalSpec: goal}, plan.limits))
	}
	return sets, plan.understanding(), nil
}
