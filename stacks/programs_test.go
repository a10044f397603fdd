package stacks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// untaggable are the types that AWS has no tags for.
func untaggable() []string {
	return []string{
		"aws_autoscaling_policy", "aws_cloudwatch_event_target", "aws_iam_role_policy", "aws_kms_alias", "aws_route", "aws_route53_record",
		"aws_route_table_association", "aws_s3_bucket_policy", "aws_s3_bucket_object_lock_configuration", "aws_backup_selection", "aws_s3_bucket_public_access_block",
		"aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning",
	}
}

func TestEveryResourceBearsTheTags(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		t.Run("in stack "+stacks.StackID(spec), func(t *testing.T) {
			t.Parallel()
			for _, one := range declare(t, spec) {
				if one.token == "pulumi:providers:aws" {
					continue
				}
				terraformType, known := stacks.TerraformType(one.token)
				require.True(t, known, one.token)
				if slices.Contains(untaggable(), terraformType) {
					continue
				}
				tags := tagsOf(t, one)
				require.Equal(t, stacks.StackID(spec), tags[stacks.TagStack], one.name)
				require.Equal(t, spec.Layer, tags[stacks.TagLayer])
				require.Equal(t, "dev", tags[stacks.TagEnvironment])
				require.Equal(t, terraformType+"::"+one.name, tags[stacks.TagAddress])
			}
		})
	}
}

// tagsOf reads tags that are a map, or a list as Auto Scaling groups have it.
func tagsOf(t *testing.T, one declared) map[string]string {
	t.Helper()
	tags := map[string]string{}
	switch value := one.inputs["tags"]; {
	case value.IsObject():
		for key, tag := range value.ObjectValue() {
			tags[string(key)] = tag.StringValue()
		}
	case value.IsArray():
		for _, tag := range value.ArrayValue() {
			tags[tag.ObjectValue()["key"].StringValue()] = tag.ObjectValue()["value"].StringValue()
		}
	default:
		require.Failf(t, "no tags", "%s %s", one.token, one.name)
	}
	return tags
}

func TestProgramsDeclareTheSameEachTime(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		first, second := declare(t, spec), declare(t, spec)
		require.ElementsMatch(t, first, second)
	}
}

func TestProvidersHaveARegionAndNoEndpoint(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		for _, one := range declare(t, spec) {
			if one.token == "pulumi:providers:aws" {
				require.Equal(t, spec.Region, one.inputs["region"].StringValue())
				require.NotContains(t, one.inputs, resource.PropertyKey("endpoints"))
				require.NotContains(t, one.inputs, resource.PropertyKey("accessKey"))
			}
		}
	}
}

func TestNetworkIsClosedByDefault(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerNetwork, `{}`))
	require.Len(t, of(t, all, "aws_subnet"), 6)
	for _, subnet := range of(t, all, "aws_subnet") {
		require.NotContains(t, subnet.inputs, resource.PropertyKey("mapPublicIpOnLaunch"))
	}
	require.NotContains(t, of(t, all, "aws_default_security_group")[0].inputs, resource.PropertyKey("ingress"))
	require.NotContains(t, of(t, all, "aws_default_security_group")[0].inputs, resource.PropertyKey("egress"))
	rules := of(t, all, "aws_vpc_security_group_ingress_rule")
	require.Len(t, rules, 1)
	require.Equal(t, "https-10-0-0-0-8", rules[0].name)
}

func TestDataSubnetsLeadNowhere(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerNetwork, `{"nat":"single","data_subnets":true,"endpoints":{"gateway":["s3","dynamodb"]}}`))
	require.Len(t, of(t, all, "aws_subnet"), 9)
	for _, route := range of(t, all, "aws_route") {
		require.NotEqual(t, "data-id", route.inputs["routeTableId"].StringValue(), route.name)
	}
	acl := of(t, all, "aws_network_acl")[0]
	for _, rules := range []string{"ingress", "egress"} {
		list := acl.inputs[resource.PropertyKey(rules)].ArrayValue()
		require.Len(t, list, 1)
		require.Equal(t, "10.10.0.0/16", list[0].ObjectValue()["cidrBlock"].StringValue())
	}
	require.Len(t, acl.inputs["subnetIds"].ArrayValue(), 3)
	for _, endpoint := range of(t, all, "aws_vpc_endpoint") {
		require.Len(t, endpoint.inputs["routeTableIds"].ArrayValue(), 2, "private and data")
	}
}

func TestInterfaceEndpointsTakeOnlyTLSFromTheVPC(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerNetwork, `{"endpoints":{"interface":["kms","ecr.api"]}}`))
	require.True(t, of(t, all, "aws_vpc")[0].inputs["enableDnsHostnames"].BoolValue())
	found := of(t, all, "aws_vpc_endpoint")
	require.Len(t, found, 2)
	for _, endpoint := range found {
		require.True(t, endpoint.inputs["privateDnsEnabled"].BoolValue())
		require.Len(t, endpoint.inputs["subnetIds"].ArrayValue(), 3)
	}
	for _, rule := range of(t, all, "aws_vpc_security_group_ingress_rule") {
		if rule.name == "endpoints-https" {
			require.Equal(t, "10.10.0.0/16", rule.inputs["cidrIpv4"].StringValue())
			require.InDelta(t, 443, rule.inputs["toPort"].NumberValue(), 0)
		}
	}
}

func TestNATGateways(t *testing.T) {
	t.Parallel()
	for nat, want := range map[string]int{"single": 1, "per_zone": 3} {
		t.Run("are "+nat, func(t *testing.T) {
			t.Parallel()
			all := declare(t, specOf(t, aegis.LayerNetwork, `{"nat":"`+nat+`"}`))
			require.Len(t, of(t, all, "aws_nat_gateway"), want)
			require.Len(t, of(t, all, "aws_eip"), want)
			require.Len(t, of(t, all, "aws_route_table"), 1+want)
		})
	}
}

func TestDataIsEncryptedAndPrivate(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerData, `{}`))
	bucket := of(t, all, "aws_s3_bucket")[0].inputs["bucket"].StringValue()
	require.Equal(t, "aegis-dev-artifacts-123456789012-us-east-1", bucket)
	block := of(t, all, "aws_s3_bucket_public_access_block")[0].inputs
	for _, setting := range []resource.PropertyKey{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		require.True(t, block[setting].BoolValue(), setting)
	}
	rule := of(t, all, "aws_s3_bucket_server_side_encryption_configuration")[0].inputs["rules"].ArrayValue()[0].ObjectValue()
	require.Equal(t, "arn:data", rule["applyServerSideEncryptionByDefault"].ObjectValue()["kmsMasterKeyId"].StringValue())
	versioning := of(t, all, "aws_s3_bucket_versioning")[0].inputs["versioningConfiguration"].ObjectValue()
	require.Equal(t, "Enabled", versioning["status"].StringValue())
	require.Contains(t, of(t, all, "aws_s3_bucket_policy")[0].inputs["policy"].StringValue(), `"aws:SecureTransport":"false"`)
	for _, stream := range of(t, all, "aws_kinesis_stream") {
		require.Equal(t, "arn:data", stream.inputs["kmsKeyId"].StringValue())
	}
	for _, group := range of(t, all, "aws_cloudwatch_log_group") {
		require.Equal(t, "arn:logs", group.inputs["kmsKeyId"].StringValue())
	}
}

func TestSecurityNamesAndBounds(t *testing.T) {
	t.Parallel()
	longest, err := stacks.Plan{
		Size: stacks.SizeSmall, Environment: "environment-of-20ab", Regions: []string{"ap-southeast-1", "us-east-1", "eu-west-1"},
		Layers: map[string]json.RawMessage{aegis.LayerSecurity: json.RawMessage(`{"replicated":true}`)},
	}.Specs()
	require.NoError(t, err)
	all := append(declare(t, specOf(t, aegis.LayerSecurity, `{}`)), declare(t, longest[0])...)
	for _, role := range of(t, all, "aws_iam_role") {
		require.Regexp(t, "^aegis-(dev-us-east-1|environment-of-20ab-ap-southeast-1)-", role.inputs["name"].StringValue())
		require.NotEmpty(t, role.inputs["permissionsBoundary"].StringValue())
	}
	for _, key := range of(t, all, "aws_kms_key") {
		require.True(t, key.inputs["enableKeyRotation"].BoolValue())
	}
	for _, policy := range append(of(t, all, "aws_iam_policy"), of(t, all, "aws_iam_role_policy")...) {
		var document struct {
			Statement []struct {
				Effect string
				Action []string
			}
		}
		text := policy.inputs["policy"].StringValue()
		require.LessOrEqual(t, len(text), 6144, "IAM's limit of a managed policy")
		require.NoError(t, json.Unmarshal([]byte(text), &document))
		for _, statement := range document.Statement {
			for _, action := range statement.Action {
				require.False(t, statement.Effect == "Allow" && strings.HasSuffix(action, ":*"), action)
			}
		}
	}
}

func TestRuntimeInstancesAreHardened(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerRuntime, `{"instance_type":"t4g.small","node_desired":4}`))
	template := of(t, all, "aws_launch_template")[0].inputs
	require.Equal(t, "required", template["metadataOptions"].ObjectValue()["httpTokens"].StringValue())
	require.Contains(t, template["imageId"].StringValue(), "arm64")
	volume := template["blockDeviceMappings"].ArrayValue()[0].ObjectValue()["ebs"].ObjectValue()
	require.Equal(t, "true", volume["encrypted"].StringValue())
	group := of(t, all, "aws_autoscaling_group")[0].inputs
	require.InDelta(t, 4, group["desiredCapacity"].NumberValue(), 0)
	require.Len(t, group["vpcZoneIdentifiers"].ArrayValue(), 2)
}

func TestZoneBelongsToThePrimaryRegion(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		if spec.Layer != aegis.LayerEdge {
			continue
		}
		zones := 0
		for _, one := range declare(t, spec) {
			if one.token == "aws:route53/zone:Zone" {
				zones++
			}
			if one.token == "aws:route53/record:Record" {
				require.Equal(t, spec.Region, one.inputs["setIdentifier"].StringValue())
			}
		}
		require.Equal(t, spec.Region == "us-east-1", zones == 1, spec.Region)
	}
}

func TestLoadBalancerIsHardened(t *testing.T) {
	t.Parallel()
	spec := specOf(t, aegis.LayerRuntime, `{"repositories":{"app":{"keep_images":5,"untagged_days":1}},"replicate_images_to":["eu-west-1"],
		"load_balancer":{"client_cidrs":["10.0.0.0/8"],"target_port":8443,"health_path":"/healthz","drain_seconds":30,"web_acl":true}}`)
	require.Contains(t, stacks.DependsOn(spec), "dev.edge.us-east-1", "whose certificate it takes")
	all := declare(t, spec)
	require.True(t, of(t, all, "aws_lb")[0].inputs["dropInvalidHeaderFields"].BoolValue())
	listener := of(t, all, "aws_lb_listener")[0].inputs
	require.Equal(t, "HTTPS", listener["protocol"].StringValue())
	require.Contains(t, listener["sslPolicy"].StringValue(), "TLS13")
	require.Equal(t, "arn:cert", listener["certificateArn"].StringValue())
	require.Equal(t, "HTTPS", of(t, all, "aws_lb_target_group")[0].inputs["protocol"].StringValue())
	require.Equal(t, "arn:acl", of(t, all, "aws_wafv2_web_acl_association")[0].inputs["webAclArn"].StringValue())
	record := of(t, all, "aws_route53_record")[0].inputs
	require.Equal(t, "us-east-1", record["setIdentifier"].StringValue())
	require.True(t, record["aliases"].ArrayValue()[0].ObjectValue()["evaluateTargetHealth"].BoolValue())
	repository := of(t, all, "aws_ecr_repository")[0].inputs
	require.Equal(t, "IMMUTABLE", repository["imageTagMutability"].StringValue())
	require.Equal(t, "KMS", repository["encryptionConfigurations"].ArrayValue()[0].ObjectValue()["encryptionType"].StringValue())
	require.Equal(t, "ELB", of(t, all, "aws_autoscaling_group")[0].inputs["healthCheckType"].StringValue())
}

func TestTheNameIsProvenOnce(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		if spec.Layer != aegis.LayerEdge {
			continue
		}
		spec.Parameters = json.RawMessage(strings.Replace(string(spec.Parameters), `{`, `{"balanced":true,`, 1))
		all, records := declare(t, spec), 0
		for _, one := range all {
			if one.token == "aws:route53/record:Record" {
				records++
			}
			require.NotEqual(t, "aws:ec2/eip:Eip", one.token)
		}
		require.Equal(t, "app.dev.aegis.example", of(t, all, "aws_acm_certificate")[0].inputs["domainName"].StringValue())
		require.Equal(t, spec.Region == "us-east-1", records == 1, spec.Region)
	}
}

func TestTheDistributionIsMadeOnceAndHardened(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		if spec.Layer != aegis.LayerEdge {
			continue
		}
		spec.Parameters = json.RawMessage(strings.Replace(string(spec.Parameters), `{`, `{"balanced":true,
			"distribution":{"name":"www","cached_paths":["/static/*"],"price_class":"200","web_acl":{"managed_rules":[],"rate_limit":100}},`, 1))
		all := declare(t, spec)
		if spec.Region != "us-east-1" {
			require.False(t, slices.ContainsFunc(all, func(d declared) bool { return d.token == "aws:cloudfront/distribution:Distribution" }))
			continue
		}
		made := of(t, all, "aws_cloudfront_distribution")
		require.Len(t, made, 1)
		in := made[0].inputs
		require.Equal(t, "TLSv1.2_2021", in["viewerCertificate"].ObjectValue()["minimumProtocolVersion"].StringValue())
		require.Equal(t, "redirect-to-https", in["defaultCacheBehavior"].ObjectValue()["viewerProtocolPolicy"].StringValue())
		origin := in["origins"].ArrayValue()[0].ObjectValue()
		require.Equal(t, "app.dev.aegis.example", origin["domainName"].StringValue())
		require.Equal(t, "https-only", origin["customOriginConfig"].ObjectValue()["originProtocolPolicy"].StringValue())
		require.Equal(t, "CLOUDFRONT", of(t, all, "aws_wafv2_web_acl")[0].inputs["scope"].StringValue())
		require.Equal(t, "www.dev.aegis.example", in["aliases"].ArrayValue()[0].StringValue())
	}
}

func TestADistributionNeedsItsRegion(t *testing.T) {
	t.Parallel()
	regions := []string{"eu-west-1", "eu-central-1", "us-west-2"}
	_, err := stacks.Estate(stacks.SizeFull, "dev", regions)
	require.NoError(t, err, "which has none there")
	plan := stacks.Plan{Size: stacks.SizeFull, Environment: "dev", Regions: regions, Layers: map[string]json.RawMessage{
		aegis.LayerEdge: json.RawMessage(`{"distribution":{"name":"www","price_class":"100"}}`),
	}}
	_, err = plan.Specs()
	require.ErrorContains(t, err, "dev.edge.eu-west-1.parameters.distribution: is made by the stack in us-east-1")
}
