package tfplugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"
)

// Schema is what a provider says about its configuration.
type Schema struct{ block *tfplugin5.Schema_Block }

// Schema asks for the schema of the configuration. The whole schema of a
// provider takes a second: keep what is returned.
func (p *Provider) Schema(ctx context.Context) (Schema, error) {
	full, err := p.rpc.GetSchema(ctx, &tfplugin5.GetProviderSchema_Request{})
	if err != nil {
		return Schema{}, fmt.Errorf("read the provider's schema: %w", err)
	}
	if err := refused(full.GetDiagnostics()); err != nil {
		return Schema{}, err
	}
	return Schema{full.GetProvider().GetBlock()}, nil
}

// meta are the arguments of a provider block that are Terraform's own.
func meta() []string { return []string{"alias", "version"} }

// Decode evaluates a provider block and encodes it as Configure takes it. It is
// an error when anything in it can't be evaluated with the given variables,
// functions included.
func (s Schema) Decode(body hcl.Body, variables map[string]cty.Value) ([]byte, error) {
	spec, err := blockSpec(s.block)
	if err != nil {
		return nil, err
	}
	for _, name := range meta() {
		if _, ok := spec[name]; !ok {
			spec[name] = &hcldec.AttrSpec{Name: name, Type: cty.String}
		}
	}
	value, faults := hcldec.Decode(body, spec, &hcl.EvalContext{Variables: variables})
	if faults.HasErrors() {
		return nil, errors.New("the provider's configuration can't be evaluated")
	}
	own := value.AsValueMap()
	for _, name := range meta() {
		if !s.has(name) {
			delete(own, name)
		}
	}
	value = cty.ObjectVal(own)
	if !value.IsWhollyKnown() || value.ContainsMarked() {
		return nil, errors.New("the provider's configuration is not wholly known")
	}
	return msgpack.Marshal(value, value.Type())
}

func (s Schema) has(name string) bool {
	for _, a := range s.block.GetAttributes() {
		if a.GetName() == name {
			return true
		}
	}
	return false
}

// blockSpec says how the HCL of a block becomes a value of its type.
func blockSpec(b *tfplugin5.Schema_Block) (hcldec.ObjectSpec, error) {
	spec := hcldec.ObjectSpec{}
	for _, a := range b.GetAttributes() {
		t, err := json.UnmarshalType(a.GetType())
		if err != nil {
			return nil, fmt.Errorf("the type of attribute %s: %w", a.GetName(), err)
		}
		spec[a.GetName()] = &hcldec.AttrSpec{Name: a.GetName(), Type: t, Required: a.GetRequired()}
	}
	for _, n := range b.GetBlockTypes() {
		nested, err := blockSpec(n.GetBlock())
		if err != nil {
			return nil, err
		}
		name := n.GetTypeName()
		switch n.GetNesting() {
		case tfplugin5.Schema_NestedBlock_SINGLE:
			spec[name] = &hcldec.BlockSpec{TypeName: name, Nested: nested}
		case tfplugin5.Schema_NestedBlock_LIST:
			spec[name] = &hcldec.BlockListSpec{TypeName: name, Nested: nested}
		case tfplugin5.Schema_NestedBlock_SET:
			spec[name] = &hcldec.BlockSetSpec{TypeName: name, Nested: nested}
		case tfplugin5.Schema_NestedBlock_GROUP, tfplugin5.Schema_NestedBlock_MAP, tfplugin5.Schema_NestedBlock_INVALID:
			return nil, fmt.Errorf("block %s is of a kind that is not understood", name)
		}
	}
	return spec, nil
}

// Configure gives the provider its configuration, once. version is that of the
// Terraform that it is told of.
func (p *Provider) Configure(ctx context.Context, config []byte, version string) error {
	answer, err := p.rpc.Configure(ctx, &tfplugin5.Configure_Request{
		TerraformVersion: version, Config: &tfplugin5.DynamicValue{Msgpack: config},
	})
	if err != nil {
		return fmt.Errorf("configure the provider: %w", err)
	}
	return refused(answer.GetDiagnostics())
}

// DiagnosticError is what a provider complains about, in its words: they may
// hold secrets.
type DiagnosticError struct{ Summary, Detail string }

// Error is summary and detail.
func (d DiagnosticError) Error() string { return d.Summary + ": " + d.Detail }

func refused(diagnostics []*tfplugin5.Diagnostic) error {
	for _, d := range diagnostics {
		if d.GetSeverity() == tfplugin5.Diagnostic_ERROR {
			return DiagnosticError{d.GetSummary(), d.GetDetail()}
		}
	}
	return nil
}
