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
	const rule = `{"ingress_rules":{"a":{"protocol":"tcp","from_port":90,"to_port":80,"cidrs":["10.0.0.0/8"]}}}`
	for name, test := range map[string]struct{ layer, patch, field, message string }{
		"unknown property":         {"runtime", `{"node_maximum":3}`, "parameters.node_maximum", "is not a known name"},
		"missing property":         {"runtime", `{"node_min":null}`, "parameters.node_min", "is required"},
		"wrong type":               {"runtime", `{"node_min":"two"}`, "parameters.node_min", "got string, want integer"},
		"above the limit":          {"runtime", `{"node_max":9999}`, "parameters.node_max", "maximum"},
		"minimum above desired":    {"runtime", `{"node_min":5}`, "parameters.node_min", "5 is above node_desired 2"},
		"desired above maximum":    {"runtime", `{"node_max":1}`, "parameters.node_desired", "2 is above node_max 1"},
		"copies to its own region": {"runtime", `{"repositories":{"app":{"keep_images":1,"untagged_days":1}},"replicate_images_to":["us-east-1"]}`, "parameters.replicate_images_to.0", "is the stack's own region"},
		"copies to nowhere":        {"runtime", `{"repositories":{"app":{"keep_images":1,"untagged_days":1}},"replicate_images_to":["eu-west-3"]}`, "parameters.replicate_images_to.0", "is not one of the estate's regions"},
		"copies of nothing":        {"runtime", `{"replicate_images_to":["eu-west-1"]}`, "parameters.replicate_images_to", "needs repositories"},
		"foreign certificate":      {"runtime", balanced("arn:aws:acm:eu-west-1:123456789012:certificate/0", "10.0.0.0/8"), "parameters.load_balancer.certificate_arn", "is not a certificate in us-east-1"},
		"clients that are none":    {"runtime", balanced("", "10.0.0.0/40"), "parameters.load_balancer.client_cidrs.0", "is not an IPv4 range"},
		"no nodes":                 {"runtime", clustered(`{"node_groups":{"a":null}}`), "parameters.clusters.main.node_groups", "needs at least one"},
		"nodes out of order":       {"runtime", clustered(`{"node_groups":{"a":{"min":3}}}`), "parameters.clusters.main.node_groups.a.min", "3 is above desired 2"},
		"mixed processors":         {"runtime", clustered(`{"node_groups":{"a":{"instance_types":["m5.large","m7g.large"]}}}`), "parameters.clusters.main.node_groups.a.instance_types.1", "another processor"},
		"add-on that is not one":   {"runtime", clustered(`{"addon_versions":{"dns":"v1.2.3-eksbuild.1"}}`), "parameters.clusters.main.addon_versions.dns", "is not one of the add-ons"},
		"add-on version":           {"runtime", clustered(`{"addon_versions":{"coredns":"latest"}}`), "parameters.clusters.main.addon_versions.coredns", "is not a version"},
		"admin that is no role":    {"runtime", clustered(`{"admins":["root"]}`), "parameters.clusters.main.admins.0", "is not the ARN of an IAM role"},
		"public range":             {"runtime", clustered(`{"public_cidrs":["10.0.0.1/8"]}`), "parameters.clusters.main.public_cidrs.0", "network address"},
		"Kubernetes version":       {"runtime", clustered(`{"version":"latest"}`), "parameters.clusters.main.version", "pattern"},
		"two roles of an account":  {"runtime", clustered(`{"pod_identities":{"b":{"namespace":"aegis","service_account":"aegis","role":"x"}}}`), "parameters.clusters.main.pod_identities.b", "can have one role"},
		"role that may do nothing": {"security", `{"workload_roles":{"cluster":{"service":"eks.amazonaws.com"}}}`, "parameters.workload_roles.cluster", "needs actions or managed_policies"},
		"instance type":            {"runtime", `{"instance_type":"t3"}`, "parameters.instance_type", "pattern"},
		"ports in wrong order":     {"network", rule, "parameters.ingress_rules.a.from_port", "90 is above to_port 80"},
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
		"standards of nothing":     {"security", `{"security_hub":{"standards":["pci-dss/4.0.1"],"auto_enable_controls":true}}`, "parameters.security_hub.standards", "need recorder"},
		"standard that AWS lacks":  {"security", `{"security_hub":{"standards":["pci-dss/9"],"auto_enable_controls":true}}`, "parameters.security_hub.standards.0", "value must be one of"},
		"rule group twice":         {"security", `{"web_acl":{"managed_rules":["AWSManagedRulesUnixRuleSet","AWSManagedRulesUnixRuleSet"]}}`, "parameters.web_acl.managed_rules.1", "is there twice"},
		"rules beyond capacity":    {"security", `{"web_acl":{"managed_rules":["AWSManagedRulesAdminProtectionRuleSet","AWSManagedRulesAmazonIpReputationList","AWSManagedRulesAnonymousIpList","AWSManagedRulesCommonRuleSet","AWSManagedRulesKnownBadInputsRuleSet","AWSManagedRulesLinuxRuleSet","AWSManagedRulesSQLiRuleSet","AWSManagedRulesUnixRuleSet"]}}`, "parameters.web_acl.managed_rules", "need 1575 capacity units"},
		"rate that is too low":     {"security", `{"web_acl":{"managed_rules":[],"rate_limit":3}}`, "parameters.web_acl.rate_limit", "3 is below 10"},
		"name of the recorder":     {"security", `{"workload_roles":{"recorder":{"service":"ec2.amazonaws.com","actions":["s3:GetObject"]}}}`, "parameters.workload_roles.recorder", "estate's own"},
		"domain":                   {"edge", `{"domain":"localhost"}`, "parameters.domain", "pattern"},
		"distribution of nothing":  {"edge", `{"distribution":{"name":"www","price_class":"100"}}`, "parameters.distribution", "needs balanced"},
		"name of the balancers":    {"edge", `{"balanced":true,"distribution":{"name":"app","price_class":"100"}}`, "parameters.distribution.name", "is the name of the load balancers"},
		"path that is none":        {"edge", `{"balanced":true,"distribution":{"name":"www","price_class":"100","cached_paths":["static"]}}`, "parameters.distribution.cached_paths.0", "is no path such as"},
		"path twice":               {"edge", `{"balanced":true,"distribution":{"name":"www","price_class":"100","cached_paths":["/a","/a"]}}`, "parameters.distribution.cached_paths.1", "is there twice"},
		"price class":              {"edge", `{"balanced":true,"distribution":{"name":"www","price_class":"50"}}`, "parameters.distribution.price_class", "value must be one of"},
		"health check interval":    {"edge", `{"health_check":{"interval_seconds":20}}`, "parameters.health_check.interval_seconds", "value must be one of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFault(t, stacks.Validate(specOf(t, test.layer, test.patch)), test.field, test.message)
		})
	}
}

// requireFault expects a refusal that says this of a field.
func requireFault(t *testing.T, err error, field, message string) {
	t.Helper()
	var invalid *aegis.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, aegis.ErrInvalid)
	for _, fault := range invalid.Faults {
		if fault.Field == field {
			require.Contains(t, fault.Message, message)
			return
		}
	}
	require.Failf(t, "field not named", "%s in %s", field, err)
}

func TestValidateEnvelope(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*aegis.Spec)
		fault  string
	}{
		"another version":     {func(s *aegis.Spec) { s.Version = 1 }, "version: 1 is not 2"},
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

// balanced is a patch of layer runtime with a load balancer.
func balanced(certificate, client string) string {
	arn := ""
	if certificate != "" {
		arn = `"certificate_arn":"` + certificate + `",`
	}
	return `{"load_balancer":{` + arn + `"client_cidrs":["` + client + `"],"target_port":8443,"health_path":"/","drain_seconds":30}}`
}
