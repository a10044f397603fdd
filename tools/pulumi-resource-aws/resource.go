package main

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
)

// ValidateResourceConfig checks one resource's inputs.
func (t *terraform) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.ValidateResourceTypeConfig(ctx, &tfplugin5.ValidateResourceTypeConfig_Request{
		TypeName: r.TypeName,
		Config:   value5(r.Config),
	})
	if err != nil {
		return nil, err
	}
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: diagnostics6(answer.GetDiagnostics())}, nil
}

// UpgradeResourceState brings stored state to the schema's version. The
// provider is asked once for each state.
func (t *terraform) UpgradeResourceState(ctx context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	key := upgradeOf(r)
	if known, ok := t.upgraded.Get(key); ok {
		return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: known}, nil
	}
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	var raw *tfplugin5.RawState
	if r.RawState != nil {
		raw = &tfplugin5.RawState{Json: r.RawState.JSON, Flatmap: r.RawState.Flatmap}
	}
	answer, err := rpc.UpgradeResourceState(ctx, &tfplugin5.UpgradeResourceState_Request{
		TypeName: r.TypeName,
		Version:  r.Version,
		RawState: raw,
	})
	if err != nil {
		return nil, err
	}
	upgraded := &tfprotov6.UpgradeResourceStateResponse{
		UpgradedState: value6(answer.GetUpgradedState()),
		Diagnostics:   diagnostics6(answer.GetDiagnostics()),
	}
	if len(upgraded.Diagnostics) == 0 && upgraded.UpgradedState != nil {
		t.upgraded.Add(key, upgraded.UpgradedState)
	}
	return upgraded, nil
}

// ReadResource reads the real resource.
func (t *terraform) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.ReadResource(ctx, &tfplugin5.ReadResource_Request{
		TypeName:     r.TypeName,
		CurrentState: value5(r.CurrentState),
		Private:      r.Private,
		ProviderMeta: value5(r.ProviderMeta),
	})
	if err != nil {
		return nil, err
	}
	return &tfprotov6.ReadResourceResponse{
		NewState:    value6(answer.GetNewState()),
		Private:     answer.GetPrivate(),
		Diagnostics: diagnostics6(answer.GetDiagnostics()),
	}, nil
}

// PlanResourceChange says what an apply would do.
func (t *terraform) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.PlanResourceChange(ctx, &tfplugin5.PlanResourceChange_Request{
		TypeName:         r.TypeName,
		PriorState:       value5(r.PriorState),
		ProposedNewState: value5(r.ProposedNewState),
		Config:           value5(r.Config),
		PriorPrivate:     r.PriorPrivate,
		ProviderMeta:     value5(r.ProviderMeta),
	})
	if err != nil {
		return nil, err
	}
	return &tfprotov6.PlanResourceChangeResponse{
		PlannedState:                value6(answer.GetPlannedState()),
		RequiresReplace:             paths6(answer.GetRequiresReplace()),
		PlannedPrivate:              answer.GetPlannedPrivate(),
		Diagnostics:                 diagnostics6(answer.GetDiagnostics()),
		UnsafeToUseLegacyTypeSystem: answer.GetLegacyTypeSystem(), //nolint:staticcheck // as the provider says
	}, nil
}

// ApplyResourceChange creates, updates or deletes the real resource.
func (t *terraform) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	private, err := withTimeouts(ctx, r.PlannedPrivate)
	if err != nil {
		return nil, err
	}
	answer, err := rpc.ApplyResourceChange(ctx, &tfplugin5.ApplyResourceChange_Request{
		TypeName:       r.TypeName,
		PriorState:     value5(r.PriorState),
		PlannedState:   value5(r.PlannedState),
		Config:         value5(r.Config),
		PlannedPrivate: private,
		ProviderMeta:   value5(r.ProviderMeta),
	})
	if err != nil {
		return nil, err
	}
	return &tfprotov6.ApplyResourceChangeResponse{
		NewState:                    value6(answer.GetNewState()),
		Private:                     answer.GetPrivate(),
		Diagnostics:                 diagnostics6(answer.GetDiagnostics()),
		UnsafeToUseLegacyTypeSystem: answer.GetLegacyTypeSystem(), //nolint:staticcheck // as the provider says
	}, nil
}

// ImportResourceState finds a real resource by its id.
func (t *terraform) ImportResourceState(ctx context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.ImportResourceState(ctx, &tfplugin5.ImportResourceState_Request{TypeName: r.TypeName, Id: r.ID})
	if err != nil {
		return nil, err
	}
	found := &tfprotov6.ImportResourceStateResponse{Diagnostics: diagnostics6(answer.GetDiagnostics())}
	for _, resource := range answer.GetImportedResources() {
		found.ImportedResources = append(found.ImportedResources, &tfprotov6.ImportedResource{
			TypeName: resource.GetTypeName(),
			State:    value6(resource.GetState()),
			Private:  resource.GetPrivate(),
		})
	}
	return found, nil
}

// MoveResourceState is a protocol call that provider 5.100.0 does not know.
func (t *terraform) MoveResourceState(context.Context, *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return nil, errors.New("the provider moves no state between resource types")
}
