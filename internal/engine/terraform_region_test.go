package engine

import (
	"encoding/json"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/stretchr/testify/require"
)

func TestRegionsOfAliases(t *testing.T) {
	t.Parallel()
	p := &tfjson.Plan{}
	require.NoError(t, json.Unmarshal([]byte(`{"format_version":"1.2","variables":{"far":{"value":"ap-southeast-1"}},"configuration":{
		"provider_config":{
			"aws":{"name":"aws"},
			"aws.eu":{"name":"aws","alias":"eu","expressions":{"region":{"constant_value":"eu-west-1"}}},
			"aws.far":{"name":"aws","alias":"far","expressions":{"region":{"references":["var.far"]}}}},
		"root_module":{
			"resources":[{"address":"aws_x.here","provider_config_key":"aws"},{"address":"aws_x.eu","provider_config_key":"aws.eu"}],
			"module_calls":{"m":{"module":{"resources":[{"address":"aws_x.far","provider_config_key":"aws.far"}]}}}}}}`), p))
	r := regionsOf(p)
	for address, region := range map[string]string{
		"aws_x.here": "us-east-1", `aws_x.eu["a"]`: "eu-west-1", `module.m["k"].aws_x.far[0]`: "ap-southeast-1", "aws_x.unheard_of": "us-east-1",
	} {
		require.Equal(t, region, r.of(&tfjson.ResourceChange{Address: address}, "us-east-1"), address)
	}
	require.Equal(t, "eu-north-1", r.of(&tfjson.ResourceChange{Address: "aws_x.gone", Change: &tfjson.Change{
		Before: map[string]any{"arn": "arn:aws:sqs:eu-north-1:1:q"},
	}}, "us-east-1"), "what the configuration does not have any more says it itself")
}
