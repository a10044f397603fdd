package main

// version is the release of pulumi-aws whose names are served.
const version = "6.83.0"

// resourceTokens maps Terraform's names to those of pulumi-aws.
func resourceTokens() map[string]string {
	return map[string]string{
		"aws_autoscaling_group":                              "aws:autoscaling/group:Group",
		"aws_autoscaling_policy":                             "aws:autoscaling/policy:Policy",
		"aws_cloudwatch_event_rule":                          "aws:cloudwatch/eventRule:EventRule",
		"aws_cloudwatch_event_target":                        "aws:cloudwatch/eventTarget:EventTarget",
		"aws_cloudwatch_log_group":                           "aws:cloudwatch/logGroup:LogGroup",
		"aws_cloudwatch_metric_alarm":                        "aws:cloudwatch/metricAlarm:MetricAlarm",
		"aws_default_security_group":                         "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
		"aws_dynamodb_table":                                 "aws:dynamodb/table:Table",
		"aws_eip":                                            "aws:ec2/eip:Eip",
		"aws_flow_log":                                       "aws:ec2/flowLog:FlowLog",
		"aws_iam_instance_profile":                           "aws:iam/instanceProfile:InstanceProfile",
		"aws_iam_policy":                                     "aws:iam/policy:Policy",
		"aws_iam_role":                                       "aws:iam/role:Role",
		"aws_iam_role_policy":                                "aws:iam/rolePolicy:RolePolicy",
		"aws_iam_role_policy_attachment":                     "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		"aws_internet_gateway":                               "aws:ec2/internetGateway:InternetGateway",
		"aws_kinesis_stream":                                 "aws:kinesis/stream:Stream",
		"aws_kms_alias":                                      "aws:kms/alias:Alias",
		"aws_kms_key":                                        "aws:kms/key:Key",
		"aws_launch_template":                                "aws:ec2/launchTemplate:LaunchTemplate",
		"aws_nat_gateway":                                    "aws:ec2/natGateway:NatGateway",
		"aws_network_acl":                                    "aws:ec2/networkAcl:NetworkAcl",
		"aws_route":                                          "aws:ec2/route:Route",
		"aws_route53_health_check":                           "aws:route53/healthCheck:HealthCheck",
		"aws_route53_record":                                 "aws:route53/record:Record",
		"aws_route53_zone":                                   "aws:route53/zone:Zone",
		"aws_route_table":                                    "aws:ec2/routeTable:RouteTable",
		"aws_route_table_association":                        "aws:ec2/routeTableAssociation:RouteTableAssociation",
		"aws_s3_bucket":                                      "aws:s3/bucketV2:BucketV2",
		"aws_s3_bucket_lifecycle_configuration":              "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		"aws_s3_bucket_ownership_controls":                   "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
		"aws_s3_bucket_policy":                               "aws:s3/bucketPolicy:BucketPolicy",
		"aws_s3_bucket_public_access_block":                  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
		"aws_s3_bucket_server_side_encryption_configuration": "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		"aws_s3_bucket_versioning":                           "aws:s3/bucketVersioningV2:BucketVersioningV2",
		"aws_secretsmanager_secret":                          "aws:secretsmanager/secret:Secret",
		"aws_secretsmanager_secret_version":                  "aws:secretsmanager/secretVersion:SecretVersion",
		"aws_security_group":                                 "aws:ec2/securityGroup:SecurityGroup",
		"aws_sns_topic":                                      "aws:sns/topic:Topic",
		"aws_sqs_queue":                                      "aws:sqs/queue:Queue",
		"aws_sqs_queue_policy":                               "aws:sqs/queuePolicy:QueuePolicy",
		"aws_ssm_parameter":                                  "aws:ssm/parameter:Parameter",
		"aws_subnet":                                         "aws:ec2/subnet:Subnet",
		"aws_vpc":                                            "aws:ec2/vpc:Vpc",
		"aws_vpc_endpoint":                                   "aws:ec2/vpcEndpoint:VpcEndpoint",
		"aws_vpc_security_group_egress_rule":                 "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
		"aws_vpc_security_group_ingress_rule":                "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
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
