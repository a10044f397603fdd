package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
)

// terraformVersion is what the provider is told of its caller; it goes into
// the user agent of its requests.
const terraformVersion = "1.11.4"

// terraform is the provider as the bridge sees it: protocol 6 in front, the
// provider process and its protocol 5 behind.
type terraform struct {
	processes *pool
	cache     *cache
	schema    *tfplugin5.GetProviderSchema_Response
	upgraded  *upgrades

	mu     sync.Mutex
	leased *lease
}

// rpc is the configured process once there is one.
func (t *terraform) rpc() (tfplugin5.ProviderClient, error) {
	t.mu.Lock()
	leased := t.leased
	t.mu.Unlock()
	if leased != nil {
		return leased.process.rpc, nil
	}
	unconfigured, err := t.processes.any()
	if err != nil {
		return nil, err
	}
	return unconfigured.rpc, nil
}

// release gives the process back; another Configure takes one again.
func (t *terraform) release() { t.use(nil) }

func (t *terraform) use(next *lease) {
	t.mu.Lock()
	last := t.leased
	t.leased = next
	t.mu.Unlock()
	if last != nil {
		t.processes.release(last)
	}
}

// GetMetadata is the same as the schema, without its content.
func (t *terraform) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	metadata := &tfprotov6.GetMetadataResponse{ServerCapabilities: capabilities(t.schema.GetServerCapabilities())}
	for name := range t.schema.GetResourceSchemas() {
		metadata.Resources = append(metadata.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range t.schema.GetDataSourceSchemas() {
		metadata.DataSources = append(metadata.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	return metadata, nil
}

// GetProviderSchema converts the served part of the schema.
func (t *terraform) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	provider, err := schema6(t.schema.GetProvider())
	if err != nil {
		return nil, fmt.Errorf("convert the provider's schema: %w", err)
	}
	resources, err := schemas6(t.schema.GetResourceSchemas())
	if err != nil {
		return nil, err
	}
	dataSources, err := schemas6(t.schema.GetDataSourceSchemas())
	if err != nil {
		return nil, err
	}
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: capabilities(t.schema.GetServerCapabilities()),
		Provider:           provider,
		ResourceSchemas:    resources,
		DataSourceSchemas:  dataSources,
		Functions:          map[string]*tfprotov6.Function{},
	}, nil
}

// ValidateProviderConfig asks the provider once per configuration: its
// PrepareProviderConfig checks its 1,500 schemas each time, for seconds.
// Only an answer without any diagnostic is remembered.
func (t *terraform) ValidateProviderConfig(ctx context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	valid := &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}
	if _, ok := t.cache.get("prepared", r.Config.MsgPack); ok {
		return valid, nil
	}
	rpc, err := t.rpc()
	if err != nil {
		return nil, err
	}
	answer, err := rpc.PrepareProviderConfig(ctx, &tfplugin5.PrepareProviderConfig_Request{Config: value5(r.Config)})
	if err != nil {
		return nil, err
	}
	valid.Diagnostics = diagnostics6(answer.GetDiagnostics())
	if len(valid.Diagnostics) == 0 {
		t.cache.put("prepared", r.Config.MsgPack, nil)
	}
	return valid, nil
}

// ConfigureProvider takes a process with this configuration from the pool.
func (t *terraform) ConfigureProvider(ctx context.Context, r *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	leased, err := t.processes.acquire(ctx, &tfplugin5.Configure_Request{
		TerraformVersion: terraformVersion,
		Config:           value5(r.Config),
	})
	if err != nil {
		return nil, err
	}
	t.use(leased)
	return &tfprotov6.ConfigureProviderResponse{Diagnostics: diagnostics6(leased.diagnostics)}, nil
}

// StopProvider does nothing: the process may serve others, and ends with the pool.
func (t *terraform) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}
