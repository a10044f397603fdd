package main

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// fields says where a property's name or shape is not the one that the bridge
// derives from Terraform's schema, by Terraform's name.
type fields = map[string]*tfbridge.SchemaInfo

// one makes a list of at most one element a single object.
func one() *tfbridge.SchemaInfo { return &tfbridge.SchemaInfo{MaxItemsOne: tfbridge.True()} }

// named gives a property another name.
func named(name string) *tfbridge.SchemaInfo { return &tfbridge.SchemaInfo{Name: name} }

// list keeps a list that the bridge would make a single object.
func list(name string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Name: name, MaxItemsOne: tfbridge.False()}
}

// omitted leaves out a property that pulumi-aws v6 does not have.
func omitted() *tfbridge.SchemaInfo { return &tfbridge.SchemaInfo{Omit: true} }

// computed makes a property that Terraform lets one set an output only.
func computed() *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{MarkAsComputedOnly: tfbridge.True()}
}

// unlikeSDK shapes what pulumi-aws has for hardly any resource: Terraform's timeouts
// block and write-only values, and tags_all as an input.
func unlikeSDK(schema shim.SchemaMap) fields {
	shape := fields{}
	schema.Range(func(name string, _ shim.Schema) bool {
		switch {
		case name == "tags_all":
			shape[name] = computed()
		case name == "timeouts", strings.HasSuffix(name, "_wo"), strings.HasSuffix(name, "_wo_version"):
			shape[name] = omitted()
		}
		return true
	})
	return shape
}

// with adds the fields of a block's elements.
func with(block *tfbridge.SchemaInfo, elem fields) *tfbridge.SchemaInfo {
	block.Elem = &tfbridge.SchemaInfo{Fields: elem}
	return block
}

// configFields shape the provider's own configuration.
func configFields() fields {
	return fields{
		"assume_role":                   {Name: "assumeRole", MaxItemsOne: tfbridge.True()},
		"assume_role_with_web_identity": one(),
		"default_tags":                  one(),
		"ignore_tags":                   one(),
		// Terraform's is a string that may be "true", "false" or absent.
		"skip_metadata_api_check": {Type: "boolean"},
	}
}

// resourceFields shape the resources, by Terraform's name.
func resourceFields() map[string]fields {
	return map[string]fields{
		"aws_cloudwatch_metric_alarm": {"alarm_name": tfbridge.AutoName("name", 255, "-")},
		"aws_default_security_group":  {"ingress": named("ingress"), "egress": named("egress")},
		"aws_dynamodb_table": {
			"global_secondary_index": named("globalSecondaryIndexes"),
			"local_secondary_index":  named("localSecondaryIndexes"),
		},
		"aws_iam_instance_profile": {"name": tfbridge.AutoName("name", 128, "-")},
		"aws_iam_role":             {"name": tfbridge.AutoName("name", 64, "-")},
		"aws_route53_record": {
			"alias":                      list("aliases"),
			"failover_routing_policy":    list("failoverRoutingPolicies"),
			"geolocation_routing_policy": list("geolocationRoutingPolicies"),
			"latency_routing_policy":     list("latencyRoutingPolicies"),
			"weighted_routing_policy":    list("weightedRoutingPolicies"),
		},
		"aws_s3_bucket": bucketFields(),
		"aws_s3_bucket_lifecycle_configuration": {"rule": with(&tfbridge.SchemaInfo{}, fields{
			"abort_incomplete_multipart_upload": one(),
			"expiration":                        one(),
			"filter":                            with(one(), fields{"and": one(), "tag": one()}),
			"noncurrent_version_expiration":     one(),
		}), "timeouts": {}},
		"aws_elasticache_replication_group": {
			// Terraform's are strings that may be "true", "false" or absent.
			"at_rest_encryption_enabled": {Type: "boolean"},
			"auto_minor_version_upgrade": {Type: "boolean"},
		},
		"aws_lb_target_group": {"deregistration_delay": {Type: "integer"}},
		"aws_network_acl":     {"ingress": named("ingress"), "egress": named("egress")},
		"aws_security_group":  {"ingress": named("ingress"), "egress": named("egress")},
		"aws_wafv2_web_acl": {"association_config": with(one(), fields{"request_body": with(named("requestBodies"), fields{
			"api_gateway":              list("apiGateways"),
			"app_runner_service":       list("appRunnerServices"),
			"cloudfront":               list("cloudfronts"),
			"cognito_user_pool":        list("cognitoUserPools"),
			"verified_access_instance": list("verifiedAccessInstances"),
		})})},
	}
}

// dataFields shape the data sources, by Terraform's name.
func dataFields() map[string]fields {
	return map[string]fields{
		"aws_ami":                {"id": computed()},
		"aws_availability_zones": {"id": computed()},
		"aws_caller_identity":    {"id": computed()},
	}
}

// bucketFields are those of BucketV2, whose deprecated blocks are all lists.
func bucketFields() fields {
	return fields{
		"bucket": tfbridge.AutoNameWithCustomOptions("bucket", tfbridge.AutoNameOptions{
			Separator: "-", Maxlen: 63, Randlen: 7,
		}),
		"lifecycle_rule": with(&tfbridge.SchemaInfo{}, fields{
			"expiration":                    list("expirations"),
			"noncurrent_version_expiration": list("noncurrentVersionExpirations"),
		}),
		"logging":                   list("loggings"),
		"object_lock_configuration": with(&tfbridge.SchemaInfo{}, fields{"rule": with(list("rules"), fields{"default_retention": list("defaultRetentions")})}),
		"replication_configuration": replicationFields(),
		"server_side_encryption_configuration": with(list("serverSideEncryptionConfigurations"), fields{
			"rule": with(list("rules"), fields{"apply_server_side_encryption_by_default": list("applyServerSideEncryptionByDefaults")}),
		}),
		"versioning": list("versionings"),
		"website":    list("websites"),
	}
}

func replicationFields() *tfbridge.SchemaInfo {
	return with(list("replicationConfigurations"), fields{"rules": with(named("rules"), fields{
		"destination": with(list("destinations"), fields{
			"access_control_translation": list("accessControlTranslations"),
			"metrics":                    list("metrics"),
			"replication_time":           list("replicationTimes"),
		}),
		"filter": list("filters"),
		"source_selection_criteria": with(list("sourceSelectionCriterias"), fields{
			"sse_kms_encrypted_objects": list("sseKmsEncryptedObjects"),
		}),
	})})
}
