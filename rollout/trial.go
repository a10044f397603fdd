package rollout

import (
	"context"
	"errors"
	"slices"

	"github.com/aegisworld/aegis"
)

// Try plans a proposal and judges it by the running bundle, as the pipeline
// would, and says what would be the outcome. It takes and commits nothing, and no
// decision is recorded. What Propose refuses is refused with the same
// InvalidError; a plan that an engine or its provider refuses is a trial with Error.
func (d *Door) Try(ctx context.Context, in aegis.AutonomousChangeSet) (aegis.Trial, error) {
	input, err := d.Preview(ctx, in)
	if refused, ok := errors.AsType[*planError](err); ok && refused.final() && ctx.Err() == nil {
		return aegis.Trial{
			TaskID: in.TaskID, Error: refused.Error(), Diff: []aegis.ResourceChange{}, Denials: []aegis.RuleResult{}, Warnings: []aegis.RuleResult{},
		}, nil
	}
	if err != nil {
		return aegis.Trial{}, err
	}
	return d.judgeTrial(ctx, in.TaskID, input), nil
}

// TryDiff judges a hypothetical difference of stacks by the running bundle, as Try
// judges what an engine planned.
func (d *Door) TryDiff(ctx context.Context, diff []aegis.ResourceChange) (aegis.Trial, error) {
	input, err := d.Suppose(ctx, diff)
	if err != nil {
		return aegis.Trial{}, err
	}
	return d.judgeTrial(ctx, "", input), nil
}

// judgeTrial is what the running bundle and the door say of a difference.
func (d *Door) judgeTrial(ctx context.Context, taskID string, input aegis.GateInput) aegis.Trial {
	t := aegis.Trial{
		TaskID: taskID, Diff: input.Diff, CostDeltaUSDMonth: input.ChangeSet.CostDeltaUSDMonth,
		CostUnknown: input.ChangeSet.CostUnknown, RiskScore: input.ChangeSet.RiskScore, Denials: []aegis.RuleResult{}, Warnings: []aegis.RuleResult{},
	}
	if len(input.Diff) == 0 {
		return t
	}
	running, _ := d.gates.Pin()
	result, _ := running.Judge(ctx, input)
	t.Denials = slices.Concat(t.Denials, result.Deny, unsaid(result.Deny, Forbidden(input, result)))
	t.Warnings = slices.Concat(t.Warnings, result.Warn)
	return t
}
