package stacks_test

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// specOf is the default spec of a layer, its parameters changed by a merge
// patch.
func specOf(t *testing.T, layer, patch string) aegis.Spec {
	t.Helper()
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", []string{"us-east-1", "eu-west-1"})
	require.NoError(t, err)
	for _, spec := range specs {
		if spec.Layer != layer || spec.Region != "us-east-1" {
			continue
		}
		spec.Parameters, err = jsonpatch.MergePatch(spec.Parameters, []byte(patch))
		require.NoError(t, err)
		return spec
	}
	require.Fail(t, "no spec of layer "+layer)
	return aegis.Spec{}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	const rule = `{"ingress_rules":[{"name":"a","protocol":"tcp","from_port":90,"to_port":80,"cidrs":["10.0.0.0/8"]}]}`
	for name, test := range map[string]struct{ layer, patch, field, message string }{
		"unknown property":         {"runtime", `{"node_maximum":3}`, "parameters.node_maximum", "is not a known name"},
		"missing property":         {"runtime", `{"node_min":null}`, "parameters.node_min", "is required"},
		"wrong type":               {"runtime", `{"node_min":"two"}`, "parameters.node_min", "got string, want integer"},
		"above the limit":          {"runtime", `{"node_max":9999}`, "parameters.node_max", "maximum"},
		"minimum above desired":    {"runtime", `{"node_min":5}`, "parameters.node_min", "5 is above node_desired 2"},
		"desired above maximum":    {"runtime", `{"node_max":1}`, "parameters.node_desired", "2 is above node_max 1"},
		"instance type":            {"runtime", `{"instance_type":"t3"}`, "parameters.instance_type", "pattern"},
		"ports in wrong order":     {"network", rule, "parameters.ingress_rules.0.from_port", "90 is above to_port 80"},
		"range that is none":       {"network", `{"cidr":"10.300.0.0/16"}`, "parameters.cidr", "is not an IPv4 range"},
		"range with host bits":     {"network", `{"cidr":"10.1.2.3/16"}`, "parameters.cidr", "network address 10.1.0.0"},
		"range that is too small":  {"network", `{"cidr":"10.0.0.0/24"}`, "parameters.cidr", "pattern"},
		"unknown NAT":              {"network", `{"nat":"double"}`, "parameters.nat", "value must be one of"},
		"endpoint twice":           {"network", `{"endpoints":{"interface":["kms","kms"]}}`, "parameters.endpoints.interface.1", "is there twice"},
		"endpoint of both kinds":   {"network", `{"endpoints":{"gateway":["s3"],"interface":["s3"]}}`, "parameters.endpoints.interface.0", "is among gateway"},
		"gateway that AWS lacks":   {"network", `{"endpoints":{"gateway":["kms"]}}`, "parameters.endpoints.gateway.0", "value must be one of"},
		"nested unknown property":  {"data", `{"streams":{"events":{"shard":1}}}`, "parameters.streams.events.shard", "is not a known name"},
		"name of a stream":         {"data", `{"streams":{"Bad_Name":{"shards":1,"retention_hours":24}}}`, "parameters.streams.Bad_Name", "is not a known name"},
		"retention AWS lacks":      {"data", `{"log_retention_days":31}`, "parameters.log_retention_days", "value must be one of"},
		"log group twice":          {"data", `{"log_groups":["app","app"]}`, "parameters.log_groups.1", "is there twice"},
		"bucket name too long":     {"data", `{"buckets":{"a-very-long-name-of-a-bucket-indeed":{"expire_days":0,"noncurrent_expire_days":1}}}`, "parameters.buckets.a-very-long-name-of-a-bucket-indeed", "at most 63"},
		"settings that collide":    {"data", `{"settings":{"a/b":"1","a-b":"2"}}`, "parameters.settings.a/b", "differs from"},
		"wildcard action":          {"security", `{"workload_roles":{"node":{"actions":["s3:*"]}}}`, "parameters.workload_roles.node.actions.0", "wildcards are refused"},
		"action of a foreign kind": {"security", `{"workload_roles":{"node":{"actions":["iam:PassRole"]}}}`, "parameters.workload_roles.node.actions.0", "is not of one of the services"},
		"no role for nodes":        {"security", `{"workload_roles":{"node":null}}`, "parameters.workload_roles.node", "must exist"},
		"reserved role name":       {"security", `{"workload_roles":{"executor":{"service":"ec2.amazonaws.com","actions":["s3:GetObject"]}}}`, "parameters.workload_roles.executor", "estate's own"},
		"domain":                   {"edge", `{"domain":"localhost"}`, "parameters.domain", "pattern"},
		"health check interval":    {"edge", `{"health_check":{"interval_seconds":20}}`, "parameters.health_check.interval_seconds", "value must be one of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := stacks.Validate(specOf(t, test.layer, test.patch))
			var invalid *aegis.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.ErrorIs(t, err, aegis.ErrInvalid)
			for _, fault := range invalid.Faults {
				if fault.Field == test.field {
					require.Contains(t, fault.Message, test.message)
					return
				}
			}
			require.Failf(t, "field not named", "%s in %s", test.field, err)
		})
	}
}

func TestValidateEnvelope(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*aegis.Spec)
		fault  string
	}{
		"another version":     {func(s *aegis.Spec) { s.Version = 2 }, "version: 2 is not 1"},
		"unknown layer":       {func(s *aegis.Spec) { s.Layer = "moon" }, `layer: "moon" is not one of`},
		"environment":         {func(s *aegis.Spec) { s.Environment = "Dev.1" }, "environment:"},
		"long environment":    {func(s *aegis.Spec) { s.Environment = "a-name-that-is-far-too-long" }, "at most 20 characters"},
		"unknown region":      {func(s *aegis.Spec) { s.Region = "mars-1" }, `region: "mars-1" is not one of`},
		"region out of list":  {func(s *aegis.Spec) { s.Regions = []string{"eu-west-1"} }, "regions: must contain"},
		"region twice":        {func(s *aegis.Spec) { s.Regions = []string{"us-east-1", "us-east-1"} }, "regions.1:"},
		"parameters no JSON":  {func(s *aegis.Spec) { s.Parameters = json.RawMessage(`{`) }, "parameters: not a JSON object"},
		"parameters no text":  {func(s *aegis.Spec) { s.Parameters = nil }, "parameters: not a JSON object"},
		"parameters a list":   {func(s *aegis.Spec) { s.Parameters = json.RawMessage(`[]`) }, "parameters: got array, want object"},
		"parameters too long": {func(s *aegis.Spec) { s.Parameters = make([]byte, 300<<10) }, "parameters: at most 262144 bytes"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			spec := specOf(t, aegis.LayerRuntime, `{}`)
			test.change(&spec)
			require.ErrorContains(t, stacks.Validate(spec), test.fault)
			_, err := stacks.Program(spec)
			require.ErrorIs(t, err, aegis.ErrInvalid)
		})
	}
}
