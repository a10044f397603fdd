package estate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// previewTimeout bounds a preview: engines run.
const previewTimeout = 5 * time.Minute

type patchQuery struct {
	Patches []stackPatch `json:"patches" jsonschema:"minItems=1,maxItems=20,description=stacks of one layer"`
}

type stackPatch struct {
	StackID    string         `json:"stack_id" jsonschema:"minLength=1,maxLength=200"`
	MergePatch map[string]any `json:"merge_patch" jsonschema:"description=RFC 7396 merge patch of the stack's parameters; null removes"`
}

type patchAnswer struct {
	verdict

	// Refused says why the patch is none.
	Refused string      `json:"refused,omitempty"`
	Changes int         `json:"changes"`
	Diff    []changeRow `json:"diff" jsonschema:"maxItems=50"`
}

// verdict is what is thought of a change.
type verdict struct {
	// Allowed says that nothing denies it: not the door, not policy.
	Allowed           bool       `json:"allowed"`
	CostDeltaUSDMonth float64    `json:"cost_delta_usd_month"`
	CostUnknown       []string   `json:"cost_unknown" jsonschema:"maxItems=50"`
	RiskScore         int        `json:"risk_score"`
	Denials           []ruleText `json:"denials" jsonschema:"maxItems=50"`
	Warnings          []ruleText `json:"warnings" jsonschema:"maxItems=50"`
}

type diffQuery struct {
	StackID string           `json:"stack_id" jsonschema:"minLength=1,maxLength=200"`
	Changes []supposedChange `json:"changes" jsonschema:"minItems=1,maxItems=50"`
}

type supposedChange struct {
	Type   string         `json:"type" jsonschema:"pattern=^aws_[a-z0-9_]+$,maxLength=100,description=Terraform's name of it such as aws_s3_bucket"`
	Name   string         `json:"name" jsonschema:"minLength=1,maxLength=100"`
	Action string         `json:"action" jsonschema:"enum=create,enum=update,enum=replace,enum=delete"`
	Before map[string]any `json:"before,omitempty" jsonschema:"description=attributes by their names in Terraform; none when it is created"`
	After  map[string]any `json:"after,omitempty" jsonschema:"description=attributes by their names in Terraform; none when it is deleted"`
}

type changeRow struct {
	StackID    string         `json:"stack_id"`
	Address    string         `json:"address"`
	Type       string         `json:"type"`
	Region     string         `json:"region"`
	Action     string         `json:"action"`
	Attributes []attributeRow `json:"attributes" jsonschema:"maxItems=20"`
}

type attributeRow struct {
	Name   string `json:"name"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

type healthAnswer struct {
	State string `json:"state"`
	Error string `json:"error,omitempty"`
	// ObservedAt is when the stack was last compared with the account, Drifted how
	// many resources differed then.
	ObservedAt *time.Time  `json:"observed_at,omitempty"`
	Drifted    int         `json:"drifted"`
	Checks     []checkText `json:"checks" jsonschema:"maxItems=50"`
	MoreChecks int         `json:"more_checks"`
}

type checkText struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Passed  bool   `json:"passed"`
	Message string `json:"message"`
}

func (t tools) tryingTools() []tool.Tool {
	return []tool.Tool{
		describe(about{
			name: "preview_patch", effect: aegis.ToolPlans, timeout: previewTimeout,
			summary: "Says what would come of a patch of stacks' parameters: the engines' plan, cost, risk, and what policy says. Nothing is proposed.",
		}, t.previewPatch),
		describe(about{
			name: "simulate_policy", effect: aegis.ToolPlans,
			summary: "Says what policy would say if resources of a stack were changed so: no engine is asked. Nothing is proposed.",
		}, t.simulatePolicy),
		describe(about{
			name: "check_health", timeout: 2 * time.Minute,
			summary: "Judges a stack's own checks now, and says what the newest look at it saw.",
		}, t.checkHealth),
	}
}

func (t tools) previewPatch(ctx context.Context, by tool.Caller, in patchQuery) (patchAnswer, error) {
	cs := aegis.AutonomousChangeSet{Source: aegis.SourceGoal, Actor: by.Agent, Summary: "Preview"}
	for _, p := range in.Patches {
		s, err := t.stack(ctx, by, p.StackID)
		if err != nil {
			return patchAnswer{}, err
		}
		patch, err := json.Marshal(p.MergePatch)
		if err != nil {
			return patchAnswer{}, fmt.Errorf("encode the patch of stack %s: %w", p.StackID, err)
		}
		cs.Target.Kind = s.Kind
		cs.Target.StackIDs = append(cs.Target.StackIDs, s.StackID)
		cs.Patches = append(cs.Patches, aegis.SpecPatch{StackID: s.StackID, BaseRevision: s.Revision, MergePatch: patch})
	}
	trial, err := t.Door.Try(ctx, cs)
	if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
		return patchAnswer{Refused: tool.Clip(invalid.Error(), 2*maxValue), Diff: []changeRow{}, verdict: verdictOf(aegis.Trial{Error: invalid.Error()})}, nil
	}
	if err != nil {
		return patchAnswer{}, err
	}
	out := patchAnswer{
		Refused: tool.Clip(trial.Error, 2*maxValue), Changes: len(trial.Diff), Diff: []changeRow{}, verdict: verdictOf(trial),
	}
	for _, c := range first(trial.Diff) {
		out.Diff = append(out.Diff, changeOf(c))
	}
	return out, nil
}

func verdictOf(trial aegis.Trial) verdict {
	return verdict{
		Allowed: len(trial.Denials) == 0 && trial.Error == "", CostDeltaUSDMonth: trial.CostDeltaUSDMonth, CostUnknown: first(trial.CostUnknown),
		RiskScore: trial.RiskScore, Denials: ruleTexts(trial.Denials), Warnings: ruleTexts(trial.Warnings),
	}
}

func (t tools) simulatePolicy(ctx context.Context, by tool.Caller, in diffQuery) (verdict, error) {
	s, err := t.stack(ctx, by, in.StackID)
	if err != nil {
		return verdict{}, err
	}
	diff := make([]aegis.ResourceChange, len(in.Changes))
	for i, c := range in.Changes {
		diff[i] = aegis.ResourceChange{
			StackID: s.StackID, Address: c.Type + "." + c.Name, Type: c.Type, Region: s.Region, Action: aegis.Action(c.Action), Before: c.Before, After: c.After,
		}
	}
	trial, err := t.Door.TryDiff(ctx, diff)
	if err != nil {
		return verdict{}, err
	}
	return verdictOf(trial), nil
}

func changeOf(c aegis.ResourceChange) changeRow {
	const attributes = 20
	row := changeRow{StackID: c.StackID, Address: c.Address, Type: c.Type, Region: c.Region, Action: string(c.Action), Attributes: []attributeRow{}}
	names := maps.Clone(c.Before)
	if names == nil {
		names = map[string]any{}
	}
	maps.Copy(names, c.After)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, after := c.Before[name], c.After[name]
		if len(row.Attributes) == attributes || reflect.DeepEqual(before, after) {
			continue
		}
		row.Attributes = append(row.Attributes, attributeRow{Name: name, Before: brief(before), After: brief(after)})
	}
	return row
}

func (t tools) checkHealth(ctx context.Context, by tool.Caller, in ofStack) (healthAnswer, error) {
	s, err := t.stack(ctx, by, in.StackID)
	if err != nil {
		return healthAnswer{}, err
	}
	out := healthAnswer{State: string(s.State), Error: tool.Clip(s.Error, maxValue), Checks: []checkText{}}
	seen, err := t.Stacks.Observation(ctx, s.StackID)
	if errors.Is(err, aegis.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return healthAnswer{}, err
	}
	out.ObservedAt, out.Drifted, out.MoreChecks = &seen.ObservedAt, len(seen.Drift), max(0, len(seen.Checks)-most)
	for _, r := range t.Checker.Check(ctx, first(seen.Checks)) {
		out.Checks = append(out.Checks, checkText{Name: r.Name, Kind: string(r.Kind), Passed: r.Passed, Message: tool.Clip(r.Message, maxValue)})
	}
	return out, nil
}
