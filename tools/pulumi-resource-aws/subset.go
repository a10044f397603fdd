package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
	"google.golang.org/protobuf/proto"
)

// subset returns the served part of the provider's schema. The whole takes a
// second and 5 MB, so the part is kept in the cache.
func (b *bridge) subset(ctx context.Context) (*tfplugin5.GetProviderSchema_Response, error) {
	question := []byte(strings.Join(slices.Concat(
		slices.Sorted(maps.Keys(resourceTokens())), slices.Sorted(maps.Keys(dataTokens()))), "\n"))
	kept := &tfplugin5.GetProviderSchema_Response{}
	if answer, ok := b.cache.get("schema", question); ok && proto.Unmarshal(answer, kept) == nil {
		return kept, nil
	}
	provider, err := b.processes.any()
	if err != nil {
		return nil, err
	}
	full, err := provider.rpc.GetSchema(ctx, &tfplugin5.GetProviderSchema_Request{})
	if err != nil {
		return nil, fmt.Errorf("read the provider's schema: %w", err)
	}
	part, err := cut(full)
	if err != nil {
		return nil, err
	}
	if answer, err := proto.Marshal(part); err == nil {
		b.cache.put("schema", question, answer)
	}
	return part, nil
}

// cut keeps the resources and data sources that are served.
func cut(full *tfplugin5.GetProviderSchema_Response) (*tfplugin5.GetProviderSchema_Response, error) {
	part := &tfplugin5.GetProviderSchema_Response{
		Provider:           full.GetProvider(),
		ServerCapabilities: full.GetServerCapabilities(),
		ResourceSchemas:    map[string]*tfplugin5.Schema{},
		DataSourceSchemas:  map[string]*tfplugin5.Schema{},
	}
	if err := pick(part.ResourceSchemas, full.GetResourceSchemas(), resourceTokens()); err != nil {
		return nil, err
	}
	return part, pick(part.DataSourceSchemas, full.GetDataSourceSchemas(), dataTokens())
}

func pick(to, from map[string]*tfplugin5.Schema, tokens map[string]string) error {
	for name := range tokens {
		schema, ok := from[name]
		if !ok {
			return fmt.Errorf("the provider has no %s: version 5.100.0 is needed", name)
		}
		to[name] = schema
	}
	return nil
}
