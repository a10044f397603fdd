package stacks_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func plan(layers, single map[string]string) stacks.Plan {
	patches := func(texts map[string]string) map[string]json.RawMessage {
		all := map[string]json.RawMessage{}
		for name, text := range texts {
			all[name] = json.RawMessage(text)
		}
		return all
	}
	return stacks.Plan{
		Size: stacks.SizeSmall, Environment: "dev", Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"},
		Layers: patches(layers), Stacks: patches(single),
	}
}

func TestPlanPatchesLayersThenStacks(t *testing.T) {
	t.Parallel()
	specs, err := plan(map[string]string{"runtime": `{"node_min":1,"node_desired":3}`}, map[string]string{"dev.runtime.eu-west-1": `{"node_desired":5}`}).Specs()
	require.NoError(t, err)
	desired := map[string]int{}
	for _, spec := range specs {
		if spec.Layer == aegis.LayerRuntime {
			var params aegis.RuntimeSpec
			require.NoError(t, json.Unmarshal(spec.Parameters, &params))
			require.Equal(t, 1, params.NodeMin)
			desired[spec.Region] = params.NodeDesired
		}
	}
	require.Equal(t, map[string]int{"us-east-1": 3, "eu-west-1": 5, "ap-southeast-1": 3}, desired)
}

// copied is a secret with copies in regions.
func copied(regions ...string) string {
	text, _ := json.Marshal(map[string]any{"secrets": map[string]any{"token": map[string]any{"recovery_days": 7, "replica_regions": regions}}})
	return string(text)
}

func TestPlanNamesTheFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		layers, single map[string]string
		fields         []string
	}{
		"layer that is none":     {map[string]string{"runtme": `{}`}, nil, []string{"layers.runtme"}},
		"stack of nobody":        {nil, map[string]string{"prod.runtime.eu-west-1": `{}`, "x": `{}`}, []string{"stacks.prod.runtime.eu-west-1", "stacks.x"}},
		"patch that is none":     {map[string]string{"data": `3`}, nil, []string{"layers.data", "layers.data", "layers.data"}},
		"faults of two stacks":   {nil, map[string]string{"dev.runtime.us-east-1": `{"nodes":1}`, "dev.data.eu-west-1": `{"log_retention_days":2}`}, []string{"dev.data.eu-west-1.parameters.log_retention_days", "dev.runtime.us-east-1.parameters.nodes"}},
		"ranges that overlap":    {nil, map[string]string{"dev.network.eu-west-1": `{"cidr":"10.10.16.0/20"}`}, []string{"dev.network.eu-west-1.parameters.cidr"}},
		"flow logs of nobody":    {nil, map[string]string{"dev.network.eu-west-1": `{"flow_log_days":7}`}, []string{"dev.network.eu-west-1.parameters.flow_log_days"}},
		"trail of no primary":    {nil, map[string]string{"dev.security.eu-west-1": `{"trail":{"retention_days":90}}`}, []string{"dev.security.eu-west-1.parameters.trail"}},
		"bucket of the trail":    {map[string]string{"security": `{"trail":{"retention_days":90}}`}, map[string]string{"dev.data.us-east-1": `{"buckets":{"audit-trail":{"expire_days":0,"noncurrent_expire_days":1}}}`}, []string{"dev.data.us-east-1.parameters.buckets.audit-trail"}},
		"secret copied home":     {nil, map[string]string{"dev.data.eu-west-1": copied("eu-west-1", "mars-1")}, []string{"dev.data.eu-west-1.parameters.secrets.token.replica_regions.0", "dev.data.eu-west-1.parameters.secrets.token.replica_regions.1"}},
		"copies without a key":   {nil, map[string]string{"dev.data.us-east-1": copied("eu-west-1")}, []string{"dev.data.us-east-1.parameters.secrets.token.replica_regions", "dev.data.us-east-1.parameters.secrets.token.replica_regions"}},
		"copies in the way":      {map[string]string{"security": `{"replicated":true}`}, map[string]string{"dev.data.us-east-1": copied("eu-west-1"), "dev.data.eu-west-1": copied()}, []string{"dev.data.us-east-1.parameters.secrets.token.replica_regions"}},
		"replica of no key":      {map[string]string{"security": `{"replicated":true}`}, map[string]string{"dev.security.us-east-1": `{"replicated":false}`}, []string{"dev.security.eu-west-1.parameters.replicated", "dev.security.ap-southeast-1.parameters.replicated"}},
		"bucket of no region":    {map[string]string{"security": `{"replicated":true}`}, map[string]string{"dev.edge.us-east-1": `{"replicated_buckets":{"artifacts":["mars-1"]}}`}, []string{"dev.edge.us-east-1.parameters.replicated_buckets.artifacts.0"}},
		"copy of no bucket":      {map[string]string{"security": `{"replicated":true}`}, map[string]string{"dev.edge.us-east-1": `{"replicated_buckets":{"other":["eu-west-1"]}}`}, []string{"dev.edge.us-east-1.parameters.replicated_buckets.other", "dev.edge.us-east-1.parameters.replicated_buckets.other"}},
		"certificate of nobody":  {map[string]string{"runtime": balanced("", "10.0.0.0/8")}, nil, []string{"dev.runtime.us-east-1.parameters.load_balancer.certificate_arn", "dev.runtime.eu-west-1.parameters.load_balancer.certificate_arn", "dev.runtime.ap-southeast-1.parameters.load_balancer.certificate_arn"}},
		"name of nothing":        {nil, map[string]string{"dev.edge.eu-west-1": `{"balanced":true}`}, []string{"dev.runtime.eu-west-1.parameters.load_balancer"}},
		"web ACL of nobody":      {nil, map[string]string{"dev.edge.eu-west-1": `{"balanced":true}`, "dev.runtime.eu-west-1": `{"load_balancer":{"client_cidrs":["10.0.0.0/8"],"target_port":8443,"health_path":"/","drain_seconds":30,"web_acl":true}}`}, []string{"dev.runtime.eu-west-1.parameters.load_balancer.web_acl"}},
		"zones of another name":  {nil, map[string]string{"dev.edge.eu-west-1": `{"domain":"other.example"}`}, []string{"dev.edge.eu-west-1.parameters.domain"}},
		"one range for everyone": {map[string]string{"network": `{"cidr":"10.0.0.0/16"}`}, nil, []string{"dev.network.eu-west-1.parameters.cidr", "dev.network.ap-southeast-1.parameters.cidr", "dev.network.ap-southeast-1.parameters.cidr"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := plan(test.layers, test.single).Specs()
			var invalid *aegis.InvalidError
			require.ErrorAs(t, err, &invalid)
			var fields []string
			for _, f := range invalid.Faults {
				fields = append(fields, f.Field)
			}
			require.Equal(t, test.fields, fields)
		})
	}
}

// TestOnPaper compares what is on paper with what an engine is told.
func TestOnPaper(t *testing.T) {
	t.Parallel()
	specs := smallEstate(t)
	made, err := stacks.OnPaper(specs)
	require.NoError(t, err)
	require.Len(t, made, len(specs))
	for _, spec := range specs {
		id := stacks.StackID(spec)
		var want, got []string
		for _, one := range declare(t, spec) {
			if name, ok := stacks.TerraformType(one.token); ok {
				want = append(want, stacks.Address(name, one.name))
			}
		}
		for _, change := range made[id] {
			require.Equal(t, []any{id, spec.Region, aegis.ActionCreate}, []any{change.StackID, change.Region, change.Action})
			got = append(got, change.Address)
		}
		require.ElementsMatch(t, want, got)
	}
	groups := 0
	for _, change := range made["dev.runtime.us-east-1"] {
		if change.Type == "aws_autoscaling_group" {
			groups++
			require.InDelta(t, 2, change.After["desired_capacity"], 0)
		}
	}
	require.Equal(t, 1, groups)
}
