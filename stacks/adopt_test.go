package stacks_test

import (
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// TestAdoptionDeclaresWhatIsReal patches the specs of an estate, and asks the
// programs what they declare then.
func TestAdoptionDeclaresWhatIsReal(t *testing.T) {
	t.Parallel()
	specs := smallEstate(t)
	for _, test := range []struct {
		layer, address, attribute string
		real                      any
		property                  string // in Pulumi's words
	}{
		{aegis.LayerRuntime, "aws_autoscaling_group::node", "min_size", 0.0, "minSize"},
		{aegis.LayerRuntime, "aws_autoscaling_group::node", "max_size", 9.0, "maxSize"},
		{aegis.LayerRuntime, "aws_autoscaling_policy::cpu", "target_tracking_configuration.target_value", 77.0, "targetTrackingConfiguration.targetValue"},
		{aegis.LayerData, "aws_cloudwatch_log_group::app", "retention_in_days", 90.0, "retentionInDays"},
		{aegis.LayerData, "aws_kinesis_stream::events", "shard_count", 3.0, "shardCount"},
		{aegis.LayerData, "aws_kinesis_stream::events", "retention_period", 72.0, "retentionPeriod"},
		{aegis.LayerSecurity, "aws_kms_key::data", "rotation_period_in_days", 180.0, "rotationPeriodInDays"},
		{aegis.LayerSecurity, "aws_iam_role::executor", "max_session_duration", 7200.0, "maxSessionDuration"},
		{aegis.LayerEdge, "aws_route53_record::app", "ttl", 120.0, "ttl"},
		{aegis.LayerEdge, "aws_route53_health_check::ingress", "port", 8443.0, "port"},
		{aegis.LayerEdge, "aws_route53_health_check::ingress", "resource_path", "/other", "resourcePath"},
		{aegis.LayerEdge, "aws_route53_health_check::ingress", "request_interval", 10.0, "requestInterval"},
		{aegis.LayerEdge, "aws_route53_health_check::ingress", "failure_threshold", 5.0, "failureThreshold"},
		{aegis.LayerNetwork, "aws_vpc_security_group_ingress_rule::https-10-0-0-0-8", "to_port", 444.0, "toPort"},
	} {
		t.Run(test.address+" "+test.attribute, func(t *testing.T) {
			t.Parallel()
			kind, name, _ := strings.Cut(test.address, "::")
			for _, spec := range specs {
				if spec.Layer != test.layer || spec.Region != "us-east-1" {
					continue
				}
				patch, missing, err := stacks.Adoption(spec, []aegis.DriftChange{
					{Address: test.address, Type: kind, Attribute: test.attribute, After: test.real},
				})
				require.NoError(t, err)
				require.Empty(t, missing)
				spec.Parameters, err = jsonpatch.MergePatch(spec.Parameters, patch)
				require.NoError(t, err)
				require.NoError(t, stacks.Validate(spec))
				for _, one := range of(t, declare(t, spec), kind) {
					if one.name == name {
						require.Equal(t, resource.NewPropertyValue(test.real), at(one.inputs, test.property))
						return
					}
				}
			}
			require.Fail(t, "no program declares it")
		})
	}
}

func at(inputs resource.PropertyMap, path string) resource.PropertyValue {
	first, rest, nested := strings.Cut(path, ".")
	value := inputs[resource.PropertyKey(first)]
	if !nested {
		return value
	}
	return at(value.ObjectValue(), rest)
}

func TestAdoptionOfWhatHasNoParameter(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		for _, c := range []aegis.DriftChange{
			{Address: "aws_vpc::main", Type: "aws_vpc", Attribute: "tags.owner", After: "bob"},
			{Address: "aws_kinesis_stream::others", Type: "aws_kinesis_stream", Attribute: "shard_count", After: 2.0},
			{Address: "aws_vpc_security_group_ingress_rule::other-0-0-0-0-0", Type: "aws_vpc_security_group_ingress_rule", Attribute: "to_port", After: 2.0},
			{Address: "aws_autoscaling_group::node", Type: "aws_autoscaling_group", Attribute: "max_size", After: nil},
			{Address: "aws_autoscaling_group::node", Type: "aws_autoscaling_group", Attribute: "max_size", After: aegis.Masked},
			{Address: "component$aws_autoscaling_group::node", Type: "aws_autoscaling_group", Attribute: "max_size", After: 2.0},
		} {
			patch, missing, err := stacks.Adoption(spec, []aegis.DriftChange{c})
			require.NoError(t, err)
			require.Equal(t, []aegis.DriftChange{c}, missing)
			require.JSONEq(t, `{}`, string(patch))
		}
	}
}
