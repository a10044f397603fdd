package stacks

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// Project is the Pulumi project of every stack; another stack's outputs are
// those of "organization/" + Project + "/" + stack id.
const Project = "aegis"

// Program returns the program that declares the stack of spec. It returns an
// InvalidError when Validate refuses spec.
func Program(spec aegis.Spec) (pulumi.RunFunc, error) {
	if err := Validate(spec); err != nil {
		return nil, err
	}
	switch spec.Layer {
	case aegis.LayerNetwork:
		return bind(spec, network)
	case aegis.LayerSecurity:
		return bind(spec, security)
	case aegis.LayerData:
		return bind(spec, data)
	case aegis.LayerRuntime:
		return bind(spec, runtime)
	case aegis.LayerEdge:
		return bind(spec, edge)
	default:
		return nil, aegis.Invalid("layer", fmt.Sprintf("no program for %q", spec.Layer))
	}
}

// bind decodes the parameters and gives them to the layer's builder.
func bind[P any](spec aegis.Spec, build func(*stack, P) error) (pulumi.RunFunc, error) {
	var params P
	if err := json.Unmarshal(spec.Parameters, &params); err != nil {
		return nil, aegis.Invalid("parameters", err.Error())
	}
	drawn := &draws{}
	return func(ctx *pulumi.Context) error {
		s, err := newStack(ctx, spec)
		if err != nil {
			return fmt.Errorf("declare stack %s: %w", StackID(spec), err)
		}
		s.draws = drawn
		if err := build(s, params); err != nil {
			return fmt.Errorf("declare stack %s: %w", StackID(spec), err)
		}
		if err := s.imports.check(); err != nil {
			return fmt.Errorf("declare stack %s: %w", StackID(spec), err)
		}
		return s.export()
	}, nil
}

// StackID is the id of the stack that spec describes,
// "<environment>.<layer>.<region>".
func StackID(spec aegis.Spec) string {
	return stackID(spec.Environment, spec.Layer, spec.Region)
}

func stackID(environment, layer, region string) string {
	return aegis.StackName{Environment: environment, Layer: layer, Region: region}.String()
}
