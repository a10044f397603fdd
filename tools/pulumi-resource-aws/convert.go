package main

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
)

func value5(v *tfprotov6.DynamicValue) *tfplugin5.DynamicValue {
	if v == nil {
		return nil
	}
	return &tfplugin5.DynamicValue{Msgpack: v.MsgPack, Json: v.JSON}
}

func value6(v *tfplugin5.DynamicValue) *tfprotov6.DynamicValue {
	if v == nil {
		return nil
	}
	return &tfprotov6.DynamicValue{MsgPack: v.GetMsgpack(), JSON: v.GetJson()}
}

func path6(p *tfplugin5.AttributePath) *tftypes.AttributePath {
	if p == nil {
		return nil
	}
	path := tftypes.NewAttributePath()
	for _, step := range p.GetSteps() {
		switch s := step.GetSelector().(type) {
		case *tfplugin5.AttributePath_Step_AttributeName:
			path = path.WithAttributeName(s.AttributeName)
		case *tfplugin5.AttributePath_Step_ElementKeyInt:
			path = path.WithElementKeyInt(int(s.ElementKeyInt))
		case *tfplugin5.AttributePath_Step_ElementKeyString:
			path = path.WithElementKeyString(s.ElementKeyString)
		}
	}
	return path
}

func paths6(paths []*tfplugin5.AttributePath) []*tftypes.AttributePath {
	converted := make([]*tftypes.AttributePath, len(paths))
	for i, p := range paths {
		converted[i] = path6(p)
	}
	return converted
}

func diagnostics6(diagnostics []*tfplugin5.Diagnostic) []*tfprotov6.Diagnostic {
	converted := make([]*tfprotov6.Diagnostic, len(diagnostics))
	for i, d := range diagnostics {
		converted[i] = &tfprotov6.Diagnostic{
			Severity:  tfprotov6.DiagnosticSeverity(d.GetSeverity()),
			Summary:   d.GetSummary(),
			Detail:    d.GetDetail(),
			Attribute: path6(d.GetAttribute()),
		}
	}
	return converted
}

func capabilities(c *tfplugin5.ServerCapabilities) *tfprotov6.ServerCapabilities {
	return &tfprotov6.ServerCapabilities{
		PlanDestroy:               c.GetPlanDestroy(),
		GetProviderSchemaOptional: c.GetGetProviderSchemaOptional(),
	}
}

func schemas6(schemas map[string]*tfplugin5.Schema) (map[string]*tfprotov6.Schema, error) {
	converted := make(map[string]*tfprotov6.Schema, len(schemas))
	for name, s := range schemas {
		var err error
		if converted[name], err = schema6(s); err != nil {
			return nil, fmt.Errorf("convert schema of %s: %w", name, err)
		}
	}
	return converted, nil
}

func schema6(s *tfplugin5.Schema) (*tfprotov6.Schema, error) {
	block, err := block6(s.GetBlock())
	return &tfprotov6.Schema{Version: s.GetVersion(), Block: block}, err
}

func block6(b *tfplugin5.Schema_Block) (*tfprotov6.SchemaBlock, error) {
	block := &tfprotov6.SchemaBlock{Version: b.GetVersion(), Deprecated: b.GetDeprecated()}
	for _, a := range b.GetAttributes() {
		attribute, err := attribute6(a)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", a.GetName(), err)
		}
		block.Attributes = append(block.Attributes, attribute)
	}
	for _, n := range b.GetBlockTypes() {
		nested, err := block6(n.GetBlock())
		if err != nil {
			return nil, fmt.Errorf("block %s: %w", n.GetTypeName(), err)
		}
		block.BlockTypes = append(block.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: n.GetTypeName(),
			Block:    nested,
			Nesting:  tfprotov6.SchemaNestedBlockNestingMode(n.GetNesting()),
			MinItems: n.GetMinItems(),
			MaxItems: n.GetMaxItems(),
		})
	}
	return block, nil
}

func attribute6(a *tfplugin5.Schema_Attribute) (*tfprotov6.SchemaAttribute, error) {
	typ, err := tftypes.ParseJSONType(a.GetType()) //nolint:staticcheck // the only parser there is
	if err != nil {
		return nil, err
	}
	return &tfprotov6.SchemaAttribute{
		Name:       a.GetName(),
		Type:       typ,
		Required:   a.GetRequired(),
		Optional:   a.GetOptional(),
		Computed:   a.GetComputed(),
		Sensitive:  a.GetSensitive(),
		Deprecated: a.GetDeprecated(),
	}, nil
}
