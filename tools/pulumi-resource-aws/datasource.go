package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
)

// ValidateDataResourceConfig checks the arguments of a data source.
func (t *terraform) ValidateDataResourceConfig(ctx context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.ValidateDataSourceConfig(ctx, &tfplugin5.ValidateDataSourceConfig_Request{
		TypeName: r.TypeName,
		Config:   value5(r.Config),
	})
	if err != nil {
		return nil, err
	}
	return &tfprotov6.ValidateDataResourceConfigResponse{Diagnostics: diagnostics6(answer.GetDiagnostics())}, nil
}

// ReadDataSource reads a data source.
func (t *terraform) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.ReadDataSource(ctx, &tfplugin5.ReadDataSource_Request{
		TypeName:     r.TypeName,
		Config:       value5(r.Config),
		ProviderMeta: value5(r.ProviderMeta),
	})
	if err != nil {
		return nil, err
	}
	return &tfprotov6.ReadDataSourceResponse{
		State:       value6(answer.GetState()),
		Diagnostics: diagnostics6(answer.GetDiagnostics()),
	}, nil
}

// GetFunctions lists none: the estate calls no provider function.
func (t *terraform) GetFunctions(context.Context, *tfprotov6.GetFunctionsRequest) (*tfprotov6.GetFunctionsResponse, error) {
	return &tfprotov6.GetFunctionsResponse{Functions: map[string]*tfprotov6.Function{}}, nil
}

// CallFunction refuses, as GetFunctions lists none.
func (t *terraform) CallFunction(_ context.Context, r *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return nil, fmt.Errorf("no provider function %s", r.Name)
}
