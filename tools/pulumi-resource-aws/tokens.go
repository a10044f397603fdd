package main

import "maps"

// version is the release of pulumi-aws whose names are served.
const version = "6.83.0"

// resourceTokens maps Terraform's names to those of pulumi-aws.
func resourceTokens() map[string]string {
	all := map[string]string{}
	for _, of := range []map[string]string{networkTokens(), securityTokens(), storeTokens(), runtimeTokens()} {
		maps.Copy(all, of)
	}
	return all
}

func networkTokens() map[string]string {
	return map[string]string{
		"aws_acm_certificate":                 "aws:acm/certificate:Certificate",
		"aws_acm_certificate_validation":      "aws:acm/certificateValidation:CertificateValidation",
		"aws_cloudfront_distribution":         "aws:cloudfront/distribution:Distribution",
		"aws_default_security_group":          "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
		"aws_eip":                             "aws:ec2/eip:Eip",
		"aws_flow_log":                        "aws:ec2/flowLog:FlowLog",
		"aws_internet_gateway":                "aws:ec2/internetGateway:InternetGateway",
		"aws_launch_template":                 "aws:ec2/launchTemplate:LaunchTemplate",
		"aws_lb":                              "aws:lb/loadBalancer:LoadBalancer",
		"aws_lb_listener":                     "aws:lb/listener:Listener",
		"aws_lb_target_group":                 "aws:lb/targetGroup:TargetGroup",
		"aws_nat_gateway":                     "aws:ec2/natGateway:NatGateway",
		"aws_network_acl":                     "aws:ec2/networkAcl:NetworkAcl",
		"aws_route":                           "aws:ec2/route:Route",
		"aws_route53_health_check":            "aws:route53/healthCheck:HealthCheck",
		"aws_route53_record":                  "aws:route53/record:Record",
		"aws_route53_zone":                    "aws:route53/zone:Zone",
		"aws_route_table":                     "aws:ec2/routeTable:RouteTable",
		"aws_route_table_association":         "aws:ec2/routeTableAssociation:RouteTableAssociation",
		"aws_security_group":                  "aws:ec2/securityGroup:SecurityGroup",
		"aws_subnet":                          "aws:ec2/subnet:Subnet",
		"aws_vpc":                             "aws:ec2/vpc:Vpc",
		"aws_vpc_endpoint":                    "aws:ec2/vpcEndpoint:VpcEndpoint",
		"aws_vpc_peering_connection":          "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
		"aws_vpc_peering_connection_accepter": "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
		"aws_vpc_security_group_egress_rule":  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
		"aws_vpc_security_group_ingress_rule": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
	}
}

func securityTokens() map[string]string {
	return map[string]string{
		"aws_accessanalyzer_analyzer":              "aws:accessanalyzer/analyzer:Analyzer",
		"aws_cloudtrail":                           "aws:cloudtrail/trail:Trail",
		"aws_config_configuration_recorder":        "aws:cfg/recorder:Recorder",
		"aws_config_configuration_recorder_status": "aws:cfg/recorderStatus:RecorderStatus",
		"aws_config_delivery_channel":              "aws:cfg/deliveryChannel:DeliveryChannel",
		"aws_guardduty_detector":                   "aws:guardduty/detector:Detector",
		"aws_iam_instance_profile":                 "aws:iam/instanceProfile:InstanceProfile",
		"aws_iam_openid_connect_provider":          "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
		"aws_iam_policy":                           "aws:iam/policy:Policy",
		"aws_iam_role":                             "aws:iam/role:Role",
		"aws_iam_role_policy":                      "aws:iam/rolePolicy:RolePolicy",
		"aws_iam_role_policy_attachment":           "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		"aws_kms_alias":                            "aws:kms/alias:Alias",
		"aws_kms_key":                              "aws:kms/key:Key",
		"aws_kms_replica_key":                      "aws:kms/replicaKey:ReplicaKey",
		"aws_securityhub_account":                  "aws:securityhub/account:Account",
		"aws_securityhub_standards_subscription":   "aws:securityhub/standardsSubscription:StandardsSubscription",
		"aws_wafv2_web_acl":                        "aws:wafv2/webAcl:WebAcl",
		"aws_wafv2_web_acl_association":            "aws:wafv2/webAclAssociation:WebAclAssociation",
	}
}

func storeTokens() map[string]string {
	return map[string]string{
		"aws_backup_plan":                                    "aws:backup/plan:Plan",
		"aws_backup_selection":                               "aws:backup/selection:Selection",
		"aws_backup_vault":                                   "aws:backup/vault:Vault",
		"aws_db_subnet_group":                                "aws:rds/subnetGroup:SubnetGroup",
		"aws_dynamodb_table":                                 "aws:dynamodb/table:Table",
		"aws_elasticache_parameter_group":                    "aws:elasticache/parameterGroup:ParameterGroup",
		"aws_elasticache_replication_group":                  "aws:elasticache/replicationGroup:ReplicationGroup",
		"aws_elasticache_subnet_group":                       "aws:elasticache/subnetGroup:SubnetGroup",
		"aws_kinesis_stream":                                 "aws:kinesis/stream:Stream",
		"aws_opensearch_domain":                              "aws:opensearch/domain:Domain",
		"aws_rds_cluster":                                    "aws:rds/cluster:Cluster",
		"aws_rds_cluster_instance":                           "aws:rds/clusterInstance:ClusterInstance",
		"aws_rds_cluster_parameter_group":                    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
		"aws_rds_global_cluster":                             "aws:rds/globalCluster:GlobalCluster",
		"aws_s3_bucket":                                      "aws:s3/bucketV2:BucketV2",
		"aws_s3_bucket_lifecycle_configuration":              "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		"aws_s3_bucket_object_lock_configuration":            "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
		"aws_s3_bucket_ownership_controls":                   "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
		"aws_s3_bucket_policy":                               "aws:s3/bucketPolicy:BucketPolicy",
		"aws_s3_bucket_public_access_block":                  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
		"aws_s3_bucket_replication_configuration":            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
		"aws_s3_bucket_server_side_encryption_configuration": "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		"aws_s3_bucket_versioning":                           "aws:s3/bucketVersioningV2:BucketVersioningV2",
		"aws_secretsmanager_secret":                          "aws:secretsmanager/secret:Secret",
		"aws_secretsmanager_secret_version":                  "aws:secretsmanager/secretVersion:SecretVersion",
		"aws_ssm_parameter":                                  "aws:ssm/parameter:Parameter",
	}
}

func runtimeTokens() map[string]string {
	return map[string]string{
		"aws_autoscaling_group":                   "aws:autoscaling/group:Group",
		"aws_autoscaling_policy":                  "aws:autoscaling/policy:Policy",
		"aws_cloudwatch_event_rule":               "aws:cloudwatch/eventRule:EventRule",
		"aws_cloudwatch_event_target":             "aws:cloudwatch/eventTarget:EventTarget",
		"aws_cloudwatch_log_group":                "aws:cloudwatch/logGroup:LogGroup",
		"aws_cloudwatch_metric_alarm":             "aws:cloudwatch/metricAlarm:MetricAlarm",
		"aws_ecr_lifecycle_policy":                "aws:ecr/lifecyclePolicy:LifecyclePolicy",
		"aws_ecr_registry_scanning_configuration": "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
		"aws_ecr_replication_configuration":       "aws:ecr/replicationConfiguration:ReplicationConfiguration",
		"aws_ecr_repository":                      "aws:ecr/repository:Repository",
		"aws_eks_access_entry":                    "aws:eks/accessEntry:AccessEntry",
		"aws_eks_access_policy_association":       "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
		"aws_eks_addon":                           "aws:eks/addon:Addon",
		"aws_eks_cluster":                         "aws:eks/cluster:Cluster",
		"aws_eks_node_group":                      "aws:eks/nodeGroup:NodeGroup",
		"aws_eks_pod_identity_association":        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
		"aws_sns_topic":                           "aws:sns/topic:Topic",
		"aws_sqs_queue":                           "aws:sqs/queue:Queue",
		"aws_sqs_queue_policy":                    "aws:sqs/queuePolicy:QueuePolicy",
	}
}

// dataTokens maps Terraform's data sources to the functions of pulumi-aws.
func dataTokens() map[string]string {
	return map[string]string{
		"aws_ami":                "aws:ec2/getAmi:getAmi",
		"aws_availability_zones": "aws:index/getAvailabilityZones:getAvailabilityZones",
		"aws_caller_identity":    "aws:index/getCallerIdentity:getCallerIdentity",
		"aws_region":             "aws:index/getRegion:getRegion",
	}
}
