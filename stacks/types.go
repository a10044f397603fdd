package stacks

// TerraformType is the Terraform type of a Pulumi type token that the estate
// uses, such as "aws_vpc" for "aws:ec2/vpc:Vpc"; false for any other token.
func TerraformType(token string) (string, bool) {
	t, ok := terraformTypes()[token]
	return t, ok
}

func terraformTypes() map[string]string {
	return map[string]string{
		"aws:autoscaling/group:Group":                            "aws_autoscaling_group",
		"aws:autoscaling/policy:Policy":                          "aws_autoscaling_policy",
		"aws:cloudwatch/eventRule:EventRule":                     "aws_cloudwatch_event_rule",
		"aws:cloudwatch/eventTarget:EventTarget":                 "aws_cloudwatch_event_target",
		"aws:cloudwatch/logGroup:LogGroup":                       "aws_cloudwatch_log_group",
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":      "aws_default_security_group",
		"aws:ec2/eip:Eip":                                        "aws_eip",
		"aws:ec2/flowLog:FlowLog":                                "aws_flow_log",
		"aws:ec2/internetGateway:InternetGateway":                "aws_internet_gateway",
		"aws:ec2/launchTemplate:LaunchTemplate":                  "aws_launch_template",
		"aws:ec2/natGateway:NatGateway":                          "aws_nat_gateway",
		"aws:ec2/networkAcl:NetworkAcl":                          "aws_network_acl",
		"aws:ec2/route:Route":                                    "aws_route",
		"aws:ec2/routeTable:RouteTable":                          "aws_route_table",
		"aws:ec2/routeTableAssociation:RouteTableAssociation":    "aws_route_table_association",
		"aws:ec2/securityGroup:SecurityGroup":                    "aws_security_group",
		"aws:ec2/subnet:Subnet":                                  "aws_subnet",
		"aws:ec2/vpc:Vpc":                                        "aws_vpc",
		"aws:ec2/vpcEndpoint:VpcEndpoint":                        "aws_vpc_endpoint",
		"aws:iam/instanceProfile:InstanceProfile":                "aws_iam_instance_profile",
		"aws:iam/policy:Policy":                                  "aws_iam_policy",
		"aws:iam/role:Role":                                      "aws_iam_role",
		"aws:iam/rolePolicy:RolePolicy":                          "aws_iam_role_policy",
		"aws:kinesis/stream:Stream":                              "aws_kinesis_stream",
		"aws:kms/alias:Alias":                                    "aws_kms_alias",
		"aws:kms/key:Key":                                        "aws_kms_key",
		"aws:route53/healthCheck:HealthCheck":                    "aws_route53_health_check",
		"aws:route53/record:Record":                              "aws_route53_record",
		"aws:route53/zone:Zone":                                  "aws_route53_zone",
		"aws:s3/bucketPolicy:BucketPolicy":                       "aws_s3_bucket_policy",
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "aws_s3_bucket_server_side_encryption_configuration",
		"aws:s3/bucketV2:BucketV2":                                  "aws_s3_bucket",
		"aws:s3/bucketVersioningV2:BucketVersioningV2":              "aws_s3_bucket_versioning",
		"aws:sqs/queue:Queue":                                       "aws_sqs_queue",
		"aws:sqs/queuePolicy:QueuePolicy":                           "aws_sqs_queue_policy",
		"aws:ssm/parameter:Parameter":                               "aws_ssm_parameter",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   "aws_vpc_security_group_egress_rule",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
	}
}
