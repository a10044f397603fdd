package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// guard refuses to touch a real account that nobody named. That the caller's
// account is the one named is seen to by the provider (allowedAccountIds)
// before its first call.
func guard(ctx *pulumi.Context, endpoint string) error {
	if endpoint == "" && config.New(ctx, stacks.Project).Get("account_id") == "" {
		return errors.New("aegis:account_id is not configured: " +
			"run `pulumi config set aegis:account_id <12 digits>`, or set AWS_ENDPOINT_URL for a sandbox")
	}
	return nil
}

// specOf is the small estate's spec of the selected stack, with the configured
// one merged into it.
func specOf(ctx *pulumi.Context) (aegis.Spec, error) {
	name, err := aegis.ParseStackID(ctx.Stack())
	if err != nil {
		return aegis.Spec{}, err
	}
	regions, err := regionsOf(ctx, name.Region)
	if err != nil {
		return aegis.Spec{}, err
	}
	spec, err := defaultSpec(name, regions)
	if err != nil {
		return aegis.Spec{}, err
	}
	text, configured := ctx.GetConfig("aegis:spec")
	if !configured {
		return spec, nil
	}
	if err := merge(&spec, []byte(text)); err != nil {
		return aegis.Spec{}, err
	}
	if stacks.StackID(spec) != name.String() {
		return aegis.Spec{}, aegis.Invalid("aegis:spec", "is of stack "+stacks.StackID(spec)+", not of "+name.String())
	}
	return spec, nil
}

// merge replaces what text gives: fields of the spec, and parameters by RFC
// 7396, as a change set does.
func merge(spec *aegis.Spec, text []byte) error {
	defaults := spec.Parameters
	spec.Parameters = nil
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(spec); err != nil {
		return aegis.Invalid("aegis:spec", err.Error())
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return aegis.Invalid("aegis:spec", "has more than one value")
	}
	if spec.Parameters == nil {
		spec.Parameters = []byte(`{}`)
	}
	upgraded, err := stacks.Upgrade(*spec)
	if err != nil {
		return fmt.Errorf("aegis:spec: %w", err)
	}
	*spec = upgraded
	merged, err := jsonpatch.MergePatch(defaults, spec.Parameters)
	if err != nil {
		return aegis.Invalid("aegis:spec.parameters", err.Error())
	}
	spec.Parameters = merged
	return nil
}

// regionsOf are the configured regions, or the default ones; a stack outside
// of those is an estate of its own region.
func regionsOf(ctx *pulumi.Context, region string) ([]string, error) {
	regions := []string{"us-east-1", "eu-west-1", "ap-southeast-1"}
	if text, configured := ctx.GetConfig("aegis:regions"); configured {
		if err := json.Unmarshal([]byte(text), &regions); err != nil {
			return nil, aegis.Invalid("aegis:regions", err.Error())
		}
	} else if !slices.Contains(regions, region) {
		regions = []string{region}
	}
	return regions, nil
}

// defaultSpec is the stack's spec in the small estate.
func defaultSpec(name aegis.StackName, regions []string) (aegis.Spec, error) {
	specs, err := stacks.Estate(stacks.SizeSmall, name.Environment, regions)
	if err != nil {
		return aegis.Spec{}, err
	}
	for _, spec := range specs {
		if stacks.StackID(spec) == name.String() {
			return spec, nil
		}
	}
	return aegis.Spec{}, aegis.Invalid("stack", name.String()+" is not a stack of the estate")
}
