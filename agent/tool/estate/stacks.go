package estate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// stackRow is what lists tell of a stack.
type stackRow struct {
	StackID          string     `json:"stack_id"`
	Kind             string     `json:"kind"`
	Environment      string     `json:"environment"`
	Layer            string     `json:"layer"`
	Region           string     `json:"region"`
	State            string     `json:"state"`
	Mode             string     `json:"mode"`
	Error            string     `json:"error,omitempty"`
	Revision         int64      `json:"revision"`
	Resources        int        `json:"resources"`
	LastReconciledAt *time.Time `json:"last_reconciled_at,omitempty"`
}

func rowOf(s aegis.Stack) stackRow {
	return stackRow{
		StackID: s.StackID, Kind: string(s.Kind), Environment: s.Environment, Layer: s.Layer, Region: s.Region, State: string(s.State),
		Mode: string(s.Mode), Error: tool.Clip(s.Error, maxValue), Revision: s.Revision, Resources: s.ResourceCount, LastReconciledAt: s.LastReconciledAt,
	}
}

type stacksQuery struct {
	Environment string `json:"environment,omitempty" jsonschema:"maxLength=64"`
	Layer       string `json:"layer,omitempty" jsonschema:"maxLength=64"`
	Region      string `json:"region,omitempty" jsonschema:"maxLength=40"`
	State       string `json:"state,omitempty" jsonschema:"enum=pending,enum=converging,enum=clean,enum=drifted,enum=unknown"`
	After       string `json:"after,omitempty" jsonschema:"maxLength=200,description=next of the answer before"`
}

type stacksAnswer struct {
	Stacks []stackRow `json:"stacks" jsonschema:"maxItems=50"`
	Next   string     `json:"next"`
}

// ofStack names a stack.
type ofStack struct {
	StackID string `json:"stack_id" jsonschema:"minLength=1,maxLength=200,example=prod.runtime.eu-west-1"`
}

type stackQuery struct {
	StackID   string `json:"stack_id" jsonschema:"minLength=1,maxLength=200,example=prod.runtime.eu-west-1"`
	Parameter string `json:"parameter,omitempty" jsonschema:"maxLength=100,description=only this one of the parameters"`
}

type stackAnswer struct {
	Stack      stackRow                   `json:"stack"`
	Reads      []string                   `json:"reads"`
	Parameters map[string]json.RawMessage `json:"parameters"`
	// Sensitive are variables of a workspace, whose values are in no spec.
	Sensitive []string `json:"sensitive,omitempty"`
}

type resourcesQuery struct {
	StackID string `json:"stack_id" jsonschema:"minLength=1,maxLength=200"`
	Type    string `json:"type,omitempty" jsonschema:"maxLength=100,example=aws_s3_bucket"`
	After   string `json:"after,omitempty" jsonschema:"maxLength=1000,description=next of the answer before"`
}

type resourceRow struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	Region  string `json:"region"`
	ID      string `json:"id"`
	ARN     string `json:"arn"`
	Name    string `json:"name"`
}

type resourcesAnswer struct {
	Resources []resourceRow `json:"resources" jsonschema:"maxItems=50"`
	Next      string        `json:"next"`
}

type dependenciesAnswer struct {
	// Reads are stacks that must exist before, ReadBy those that can't be without it.
	Reads  []string `json:"reads" jsonschema:"maxItems=50"`
	ReadBy []string `json:"read_by" jsonschema:"maxItems=50"`
	// More counts those that the lists leave out.
	More int `json:"more"`
}

func (t tools) stackTools() []tool.Tool {
	return []tool.Tool{
		describe(about{name: "list_stacks", summary: "Lists stacks, each a layer in a region or an adopted workspace, with their state."}, t.listStacks),
		describe(about{name: "get_stack", summary: "Reads a stack with the parameters of its applied spec, secrets masked."}, t.getStack),
		describe(about{name: "list_resources", summary: "Lists what a stack consists of: addresses, types, ids and ARNs."}, t.listResources),
		describe(about{name: "dependencies", summary: "Says which stacks a stack reads, and which read it or can't be without it."}, t.dependencies),
	}
}

func (t tools) listStacks(ctx context.Context, by tool.Caller, in stacksQuery) (stacksAnswer, error) {
	all, err := t.stacks(ctx, by)
	if err != nil {
		return stacksAnswer{}, err
	}
	wanted := func(asked, is string) bool { return asked == "" || asked == is }
	all = slices.DeleteFunc(all, func(s aegis.Stack) bool {
		return !wanted(in.Environment, s.Environment) || !wanted(in.Layer, s.Layer) || !wanted(in.Region, s.Region) || !wanted(in.State, string(s.State))
	})
	found, next := page(all, in.After, func(s aegis.Stack) string { return s.StackID })
	out := stacksAnswer{Stacks: []stackRow{}, Next: next}
	for _, s := range found {
		out.Stacks = append(out.Stacks, rowOf(s))
	}
	return out, nil
}

func (t tools) getStack(ctx context.Context, by tool.Caller, in stackQuery) (stackAnswer, error) {
	s, err := t.stack(ctx, by, in.StackID)
	if err != nil {
		return stackAnswer{}, err
	}
	out := stackAnswer{Stack: rowOf(s), Reads: first(s.DependsOn), Parameters: map[string]json.RawMessage{}}
	if s.Spec == nil {
		return out, nil
	}
	if err := json.Unmarshal(s.Spec.Parameters, &out.Parameters); err != nil {
		return stackAnswer{}, fmt.Errorf("read the parameters of stack %s: %w", s.StackID, err)
	}
	for _, v := range s.Spec.Variables {
		if v.Sensitive {
			delete(out.Parameters, v.Name)
			out.Sensitive = append(out.Sensitive, v.Name)
		}
	}
	if in.Parameter == "" {
		return out, nil
	}
	value, ok := out.Parameters[in.Parameter]
	if !ok {
		return stackAnswer{}, fmt.Errorf("stack %s has no parameter %q: %w", s.StackID, in.Parameter, aegis.ErrNotFound)
	}
	out.Parameters = map[string]json.RawMessage{in.Parameter: value}
	return out, nil
}

func (t tools) listResources(ctx context.Context, by tool.Caller, in resourcesQuery) (resourcesAnswer, error) {
	if _, err := t.stack(ctx, by, in.StackID); err != nil {
		return resourcesAnswer{}, err
	}
	all, err := t.Stacks.StackResources(ctx, in.StackID)
	if err != nil {
		return resourcesAnswer{}, err
	}
	all = slices.DeleteFunc(all, func(r aegis.IndexedResource) bool { return in.Type != "" && r.Type != in.Type })
	found, next := page(all, in.After, func(r aegis.IndexedResource) string { return r.Address })
	out := resourcesAnswer{Resources: []resourceRow{}, Next: next}
	for _, r := range found {
		out.Resources = append(out.Resources, resourceRow{Address: r.Address, Type: r.Type, Region: r.Region, ID: r.ID, ARN: r.ARN, Name: r.Name})
	}
	return out, nil
}

func (t tools) dependencies(ctx context.Context, by tool.Caller, in ofStack) (dependenciesAnswer, error) {
	s, err := t.stack(ctx, by, in.StackID)
	if err != nil {
		return dependenciesAnswer{}, err
	}
	all, err := t.stacks(ctx, by)
	if err != nil {
		return dependenciesAnswer{}, err
	}
	var reads, readBy []string
	for _, other := range all {
		if slices.Contains(s.DependsOn, other.StackID) {
			reads = append(reads, other.StackID)
		}
		if other.Needs(s) {
			readBy = append(readBy, other.StackID)
		}
	}
	out := dependenciesAnswer{Reads: first(reads), ReadBy: first(readBy)}
	out.More = len(s.DependsOn) - len(out.Reads) + len(readBy) - len(out.ReadBy)
	return out, nil
}
