package stacks

import "maps"

// TerraformType is the Terraform type of a Pulumi type token that the estate
// uses, such as "aws_vpc" for "aws:ec2/vpc:Vpc"; false for any other token.
func TerraformType(token string) (string, bool) {
	t, ok := terraformTypes()[token]
	return t, ok
}

// terraformTypes maps the tokens of pulumi-aws to Terraform's names.
func terraformTypes() map[string]string {
	all := map[string]string{}
	for _, of := range []map[string]string{networkTypes(), securityTypes(), dataTypes(), runtimeTypes()} {
		maps.Copy(all, of)
	}
	return all
}

func networkTypes() map[string]string {
	return map[string]string{
		"aws:acm/certificate:Certificate":                     "aws_acm_certificate",
		"aws:acm/certificateValidation:CertificateValidation": "aws_acm_certificate_validation",
		"aws:cloudfront/distribution:Distribution":            "aws_cloudfront_distribution",
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":   "aws_default_security_group",
		"aws:ec2/eip:Eip":                                                   "aws_eip",
		"aws:ec2/flowLog:FlowLog":                                           "aws_flow_log",
		"aws:ec2/internetGateway:InternetGateway":                           "aws_internet_gateway",
		"aws:ec2/launchTemplate:LaunchTemplate":                             "aws_launch_template",
		"aws:ec2/natGateway:NatGateway":                                     "aws_nat_gateway",
		"aws:ec2/networkAcl:NetworkAcl":                                     "aws_network_acl",
		"aws:ec2/route:Route":                                               "aws_route",
		"aws:ec2/routeTable:RouteTable":                                     "aws_route_table",
		"aws:ec2/routeTableAssociation:RouteTableAssociation":               "aws_route_table_association",
		"aws:ec2/securityGroup:SecurityGroup":                               "aws_security_group",
		"aws:ec2/subnet:Subnet":                                             "aws_subnet",
		"aws:ec2/vpc:Vpc":                                                   "aws_vpc",
		"aws:ec2/vpcEndpoint:VpcEndpoint":                                   "aws_vpc_endpoint",
		"aws:ec2/vpcPeeringConnection:VpcPeeringConnection":                 "aws_vpc_peering_connection",
		"aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": "aws_vpc_peering_connection_accepter",
		"aws:lb/listener:Listener":                                          "aws_lb_listener",
		"aws:lb/loadBalancer:LoadBalancer":                                  "aws_lb",
		"aws:lb/targetGroup:TargetGroup":                                    "aws_lb_target_group",
		"aws:route53/healthCheck:HealthCheck":                               "aws_route53_health_check",
		"aws:route53/record:Record":                                         "aws_route53_record",
		"aws:route53/zone:Zone":                                             "aws_route53_zone",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":           "aws_vpc_security_group_egress_rule",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":         "aws_vpc_security_group_ingress_rule",
	}
}

func securityTypes() map[string]string {
	return map[string]string{
		"aws:accessanalyzer/analyzer:Analyzer":                        "aws_accessanalyzer_analyzer",
		"aws:cfg/deliveryChannel:DeliveryChannel":                     "aws_config_delivery_channel",
		"aws:cfg/recorder:Recorder":                                   "aws_config_configuration_recorder",
		"aws:cfg/recorderStatus:RecorderStatus":                       "aws_config_configuration_recorder_status",
		"aws:cloudtrail/trail:Trail":                                  "aws_cloudtrail",
		"aws:guardduty/detector:Detector":                             "aws_guardduty_detector",
		"aws:iam/instanceProfile:InstanceProfile":                     "aws_iam_instance_profile",
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider":         "aws_iam_openid_connect_provider",
		"aws:iam/policy:Policy":                                       "aws_iam_policy",
		"aws:iam/role:Role":                                           "aws_iam_role",
		"aws:iam/rolePolicy:RolePolicy":                               "aws_iam_role_policy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":           "aws_iam_role_policy_attachment",
		"aws:kms/alias:Alias":                                         "aws_kms_alias",
		"aws:kms/key:Key":                                             "aws_kms_key",
		"aws:kms/replicaKey:ReplicaKey":                               "aws_kms_replica_key",
		"aws:securityhub/account:Account":                             "aws_securityhub_account",
		"aws:securityhub/standardsSubscription:StandardsSubscription": "aws_securityhub_standards_subscription",
		"aws:wafv2/webAcl:WebAcl":                                     "aws_wafv2_web_acl",
		"aws:wafv2/webAclAssociation:WebAclAssociation":               "aws_wafv2_web_acl_association",
	}
}

func dataTypes() map[string]string {
	return map[string]string{
		"aws:backup/plan:Plan":                                                                       "aws_backup_plan",
		"aws:backup/selection:Selection":                                                             "aws_backup_selection",
		"aws:backup/vault:Vault":                                                                     "aws_backup_vault",
		"aws:dynamodb/table:Table":                                                                   "aws_dynamodb_table",
		"aws:elasticache/parameterGroup:ParameterGroup":                                              "aws_elasticache_parameter_group",
		"aws:elasticache/replicationGroup:ReplicationGroup":                                          "aws_elasticache_replication_group",
		"aws:elasticache/subnetGroup:SubnetGroup":                                                    "aws_elasticache_subnet_group",
		"aws:kinesis/stream:Stream":                                                                  "aws_kinesis_stream",
		"aws:opensearch/domain:Domain":                                                               "aws_opensearch_domain",
		"aws:rds/cluster:Cluster":                                                                    "aws_rds_cluster",
		"aws:rds/clusterInstance:ClusterInstance":                                                    "aws_rds_cluster_instance",
		"aws:rds/clusterParameterGroup:ClusterParameterGroup":                                        "aws_rds_cluster_parameter_group",
		"aws:rds/globalCluster:GlobalCluster":                                                        "aws_rds_global_cluster",
		"aws:rds/subnetGroup:SubnetGroup":                                                            "aws_db_subnet_group",
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       "aws_s3_bucket_lifecycle_configuration",
		"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2":                     "aws_s3_bucket_object_lock_configuration",
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     "aws_s3_bucket_ownership_controls",
		"aws:s3/bucketPolicy:BucketPolicy":                                                           "aws_s3_bucket_policy",
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     "aws_s3_bucket_public_access_block",
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                                     "aws_s3_bucket_replication_configuration",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "aws_s3_bucket_server_side_encryption_configuration",
		"aws:s3/bucketV2:BucketV2":                                                                   "aws_s3_bucket",
		"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               "aws_s3_bucket_versioning",
		"aws:secretsmanager/secret:Secret":                                                           "aws_secretsmanager_secret",
		"aws:secretsmanager/secretVersion:SecretVersion":                                             "aws_secretsmanager_secret_version",
		"aws:ssm/parameter:Parameter":                                                                "aws_ssm_parameter",
	}
}

func runtimeTypes() map[string]string {
	return map[string]string{
		"aws:autoscaling/group:Group":                                         "aws_autoscaling_group",
		"aws:autoscaling/policy:Policy":                                       "aws_autoscaling_policy",
		"aws:cloudwatch/eventRule:EventRule":                                  "aws_cloudwatch_event_rule",
		"aws:cloudwatch/eventTarget:EventTarget":                              "aws_cloudwatch_event_target",
		"aws:cloudwatch/logGroup:LogGroup":                                    "aws_cloudwatch_log_group",
		"aws:cloudwatch/metricAlarm:MetricAlarm":                              "aws_cloudwatch_metric_alarm",
		"aws:ecr/lifecyclePolicy:LifecyclePolicy":                             "aws_ecr_lifecycle_policy",
		"aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": "aws_ecr_registry_scanning_configuration",
		"aws:ecr/replicationConfiguration:ReplicationConfiguration":           "aws_ecr_replication_configuration",
		"aws:ecr/repository:Repository":                                       "aws_ecr_repository",
		"aws:eks/accessEntry:AccessEntry":                                     "aws_eks_access_entry",
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation":             "aws_eks_access_policy_association",
		"aws:eks/addon:Addon":                                                 "aws_eks_addon",
		"aws:eks/cluster:Cluster":                                             "aws_eks_cluster",
		"aws:eks/nodeGroup:NodeGroup":                                         "aws_eks_node_group",
		"aws:eks/podIdentityAssociation:PodIdentityAssociation":               "aws_eks_pod_identity_association",
		"aws:sns/topic:Topic":                                                 "aws_sns_topic",
		"aws:sqs/queue:Queue":                                                 "aws_sqs_queue",
		"aws:sqs/queuePolicy:QueuePolicy":                                     "aws_sqs_queue_policy",
	}
}
