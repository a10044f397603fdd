package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// strict refuses inputs that the provider has no property for. The bridge
// drops them, so that a mistyped name would be lost without a word.
type strict struct {
	pulumirpc.ResourceProviderServer
	info tfbridge.ProviderInfo
}

// Check fails for each unknown property.
func (s strict) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	given, err := plain(r.GetNews())
	if err != nil {
		return nil, err
	}
	token := resource.URN(r.GetUrn()).Type()
	for name, known := range s.info.Resources {
		if known.Tok != token {
			continue
		}
		properties := object{s.info.P.ResourcesMap().Get(name).Schema(), known.Fields}
		if failures := properties.unknown("", given); len(failures) > 0 {
			return &pulumirpc.CheckResponse{Inputs: r.GetNews(), Failures: failures}, nil
		}
	}
	return s.ResourceProviderServer.Check(ctx, r)
}

// Invoke fails for each unknown argument.
func (s strict) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	given, err := plain(r.GetArgs())
	if err != nil {
		return nil, err
	}
	for name, known := range s.info.DataSources {
		if string(known.Tok) != r.GetTok() {
			continue
		}
		arguments := object{s.info.P.DataSourcesMap().Get(name).Schema(), known.Fields}
		if failures := arguments.unknown("", given); len(failures) > 0 {
			return &pulumirpc.InvokeResponse{Failures: failures}, nil
		}
	}
	return s.ResourceProviderServer.Invoke(ctx, r)
}

// plain decodes properties without the wrapping of secrets.
func plain(properties *structpb.Struct) (resource.PropertyMap, error) {
	decoded, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, fmt.Errorf("decode properties: %w", err)
	}
	return decoded, nil
}

// object is the schema of a resource or of one of its blocks.
type object struct {
	schema shim.SchemaMap
	fields fields
}

// unknown lists the properties that the object does not have, by their path.
func (o object) unknown(path string, given resource.PropertyMap) []*pulumirpc.CheckFailure {
	properties := o.properties()
	var failures []*pulumirpc.CheckFailure
	for _, key := range given.StableKeys() {
		name := string(key)
		if strings.HasPrefix(name, "__") {
			continue // the engine's own, such as __defaults
		}
		property, ok := properties[name]
		if !ok {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: path + name,
				Reason:   fmt.Sprintf("unknown property %q", path+name),
			})
			continue
		}
		failures = append(failures, o.nested(property, path+name, given[key])...)
	}
	return failures
}

// properties maps Pulumi's names of all inputs to Terraform's.
func (o object) properties() map[string]string {
	properties := map[string]string{}
	o.schema.Range(func(name string, schema shim.Schema) bool {
		if o.input(name, schema) {
			properties[tfbridge.TerraformToPulumiNameV2(name, o.schema, o.fields)] = name
		}
		return true
	})
	return properties
}

func (o object) input(name string, schema shim.Schema) bool {
	if info := o.fields[name]; info != nil && (info.Omit || info.MarkAsComputedOnly != nil) {
		return false
	}
	return schema.Required() || schema.Optional() || !schema.Computed()
}

// nested looks into the objects of a property.
func (o object) nested(name, path string, value resource.PropertyValue) []*pulumirpc.CheckFailure {
	inner, ok := elements(o.schema.Get(name), o.fields[name])
	if !ok {
		return nil
	}
	return inner.unknownIn(path, value)
}

// elements is the schema of the objects in a block, or in an attribute that
// is a collection of objects, whose element is a schema around the object's.
func elements(schema shim.Schema, info *tfbridge.SchemaInfo) (object, bool) {
	var inner *tfbridge.SchemaInfo
	if info != nil {
		inner = info.Elem
	}
	switch elem := schema.Elem().(type) {
	case shim.Resource:
		if inner == nil {
			return object{schema: elem.Schema()}, true
		}
		return object{schema: elem.Schema(), fields: inner.Fields}, true
	case shim.Schema:
		return elements(elem, inner)
	default:
		return object{}, false
	}
}

func (o object) unknownIn(path string, value resource.PropertyValue) []*pulumirpc.CheckFailure {
	switch {
	case value.IsObject():
		return o.unknown(path+".", value.ObjectValue())
	case value.IsArray():
		var failures []*pulumirpc.CheckFailure
		for i, element := range value.ArrayValue() {
			failures = append(failures, o.unknownIn(fmt.Sprintf("%s[%d]", path, i), element)...)
		}
		return failures
	default:
		return nil
	}
}
