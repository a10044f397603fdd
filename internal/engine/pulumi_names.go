package engine

import "strings"

// terraformType maps a Pulumi type token to the Terraform type that it stands
// for: "aws:ec2/vpc:Vpc" is "aws_vpc". Tokens of other packages are returned
// as they are.
func terraformType(token string) string {
	if i := strings.LastIndex(token, "$"); i >= 0 {
		token = token[i+1:]
	}
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[0] != "aws" {
		return token
	}
	module, _, _ := strings.Cut(parts[1], "/")
	name := strings.TrimSuffix(parts[2], "V2")
	if t := irregularType(module, name); t != "" {
		return t
	}
	return "aws_" + typePrefix(module) + snake(name)
}

// typePrefix is what Terraform puts before the names of a Pulumi module.
func typePrefix(module string) string {
	switch module {
	case "index", "ec2", "ebs":
		return ""
	case "cfg":
		return "config_"
	case "alb", "lb":
		return "lb_"
	case "ec2transitgateway":
		return "ec2_transit_gateway_"
	case "cloudwatchevent", "events":
		return "cloudwatch_event_"
	default:
		return strings.ToLower(module) + "_"
	}
}

func irregularType(module, name string) string {
	return map[string]string{
		"alb/LoadBalancer":                    "aws_lb",
		"lb/LoadBalancer":                     "aws_lb",
		"cloudtrail/Trail":                    "aws_cloudtrail",
		"cfg/Rule":                            "aws_config_config_rule",
		"cfg/Recorder":                        "aws_config_configuration_recorder",
		"cfg/RecorderStatus":                  "aws_config_configuration_recorder_status",
		"iam/OpenIdConnectProvider":           "aws_iam_openid_connect_provider",
		"ebs/Volume":                          "aws_ebs_volume",
		"ec2/TransitGatewayPeeringAttachment": "aws_ec2_transit_gateway_peering_attachment",
		"ec2transitgateway/TransitGateway":    "aws_ec2_transit_gateway",
		"ec2transitgateway/VpcAttachment":     "aws_ec2_transit_gateway_vpc_attachment",
		"ec2/VpcPeeringConnectionAccepter":    "aws_vpc_peering_connection_accepter",
		"kinesis/FirehoseDeliveryStream":      "aws_kinesis_firehose_delivery_stream",
		"rds/Instance":                        "aws_db_instance",
		"rds/SubnetGroup":                     "aws_db_subnet_group",
		"rds/ParameterGroup":                  "aws_db_parameter_group",
		"s3/BucketAclV2":                      "aws_s3_bucket_acl",
		"s3/BucketReplicationConfig":          "aws_s3_bucket_replication_configuration",
		"vpc/SecurityGroupIngressRule":        "aws_vpc_security_group_ingress_rule",
		"vpc/SecurityGroupEgressRule":         "aws_vpc_security_group_egress_rule",
		"secretsmanager/SecretVersion":        "aws_secretsmanager_secret_version",
		"cloudwatch/EventRule":                "aws_cloudwatch_event_rule",
		"appautoscaling/Policy":               "aws_appautoscaling_policy",
	}[module+"/"+name]
}

// attributeName is the Terraform name of a Pulumi property: snake_case, and
// the singular where Pulumi made a plural.
func attributeName(tfType, property string) string {
	irregular := map[string]string{
		"aws_autoscaling_group.vpcZoneIdentifiers":                 "vpc_zone_identifier",
		"aws_autoscaling_group.tags":                               "tag",
		"aws_s3_bucket_lifecycle_configuration.rules":              "rule",
		"aws_s3_bucket_server_side_encryption_configuration.rules": "rule",
		"aws_launch_template.tagSpecifications":                    "tag_specifications",
		"aws_iam_role.inlinePolicies":                              "inline_policy",
		"aws_security_group_rule.sourceSecurityGroupId":            "source_security_group_id",
		"aws_dynamodb_table.attributes":                            "attribute",
		"aws_dynamodb_table.globalSecondaryIndexes":                "global_secondary_index",
		"aws_dynamodb_table.replicas":                              "replica",
		"aws_route53_record.latencyRoutingPolicies":                "latency_routing_policy",
		"aws_route53_record.failoverRoutingPolicies":               "failover_routing_policy",
		"aws_route53_record.weightedRoutingPolicies":               "weighted_routing_policy",
		"aws_route53_record.geolocationRoutingPolicies":            "geolocation_routing_policy",
		"aws_route53_record.aliases":                               "alias",
		"aws_route53_zone.vpcs":                                    "vpc",
		"aws_route_table.routes":                                   "route",
		"aws_s3_bucket_replication_configuration.rules":            "rule",
		"aws_secretsmanager_secret.replicas":                       "replica",
		"aws_kms_key.customKeyStoreId":                             "custom_key_store_id",
		"aws_autoscaling_group.initialLifecycleHooks":              "initial_lifecycle_hook",
		"aws_autoscaling_policy.stepAdjustments":                   "step_adjustment",
	}
	if name, ok := irregular[tfType+"."+property]; ok {
		return name
	}
	return snake(property)
}
