package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/proto"
	pfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// bridge makes Pulumi provider instances over shared provider processes.
type bridge struct {
	processes *pool
	cache     *cache
	upgraded  *upgrades
}

// instance is one Pulumi provider resource of one engine.
type instance struct {
	pulumirpc.ResourceProviderServer
	terraform *terraform
}

// instance makes a provider instance; host, when not nil, takes its logs.
func (b *bridge) instance(ctx context.Context, host *provider.HostClient) (*instance, error) {
	info, terraform, err := b.info(ctx)
	if err != nil {
		return nil, err
	}
	metadata := pfbridge.ProviderMetadata{XGetSchema: schemaOf(info)}
	var server pulumirpc.ResourceProviderServer
	// A nil *HostClient must not become a non-nil interface.
	if host == nil {
		server, err = pfbridge.NewProviderServer(ctx, nil, info, metadata)
	} else {
		server, err = pfbridge.NewProviderServer(ctx, host, info, metadata)
	}
	if err != nil {
		return nil, fmt.Errorf("bridge the provider: %w", err)
	}
	return &instance{ResourceProviderServer: strict{server, info}, terraform: terraform}, nil
}

// info describes the provider to Pulumi's bridge.
func (b *bridge) info(ctx context.Context) (tfbridge.ProviderInfo, *terraform, error) {
	schema, err := b.subset(ctx)
	if err != nil {
		return tfbridge.ProviderInfo{}, nil, err
	}
	terraform := &terraform{processes: b.processes, cache: b.cache, schema: schema, upgraded: b.upgraded}
	info := tfbridge.ProviderInfo{
		P:              proto.New(ctx, terraform),
		Name:           "aws",
		ResourcePrefix: "aws",
		Version:        version,
		MetadataInfo:   &tfbridge.MetadataInfo{},
		Config:         configFields(),
		Resources:      map[string]*tfbridge.ResourceInfo{},
		DataSources:    map[string]*tfbridge.DataSourceInfo{},
	}
	shapes, dataShapes := resourceFields(), dataFields()
	for name, token := range resourceTokens() {
		shape := unlikeSDK(info.P.ResourcesMap().Get(name).Schema())
		maps.Copy(shape, shapes[name])
		info.Resources[name] = &tfbridge.ResourceInfo{Tok: tokens.Type(token), Fields: shape}
	}
	for name, token := range dataTokens() {
		shape := unlikeSDK(info.P.DataSourcesMap().Get(name).Schema())
		maps.Copy(shape, dataShapes[name])
		info.DataSources[name] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token), Fields: shape}
	}
	info.SetAutonaming(255, "-")
	return info, terraform, nil
}
