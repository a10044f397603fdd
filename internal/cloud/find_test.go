package cloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// What the estate consists of is looked for in the integration test of package
// stacks; here is the rest.
func TestFind(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	cfg := admin(account, "eu-west-1")
	topic, err := sns.NewFromConfig(cfg).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("news")})
	require.NoError(t, err)
	queue, err := sqs.NewFromConfig(cfg).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
	require.NoError(t, err)
	gateway := createGateway(t, ec2.NewFromConfig(cfg))
	for name, test := range map[string]struct{ resourceType, region, name, want string }{
		"a topic":                      {"aws_sns_topic", "eu-west-1", "news", *topic.TopicArn},
		"no topic of another name":     {"aws_sns_topic", "eu-west-1", "olds", ""},
		"no topic of another region":   {"aws_sns_topic", "us-east-1", "news", ""},
		"a queue":                      {"aws_sqs_queue", "eu-west-1", "jobs", *queue.QueueUrl},
		"no queue of another name":     {"aws_sqs_queue", "eu-west-1", "toys", ""},
		"a NAT gateway":                {"aws_nat_gateway", "eu-west-1", "", gateway},
		"no NAT gateway elsewhere":     {"aws_nat_gateway", "us-east-1", "", ""},
		"no stream that was not made":  {"aws_kinesis_stream", "eu-west-1", "x", ""},
		"no bucket that was not made":  {"aws_s3_bucket", "eu-west-1", "x", ""},
		"no role that was not made":    {"aws_iam_role", "eu-west-1", "x", ""},
		"no alias that was not made":   {"aws_kms_alias", "eu-west-1", "alias/x", ""},
		"no key that was not made":     {"aws_kms_key", "eu-west-1", "", ""},
		"no group that was not made":   {"aws_autoscaling_group", "eu-west-1", "x", ""},
		"no template that was not":     {"aws_launch_template", "eu-west-1", "x", ""},
		"no record in a missing zone":  {"aws_route53_record", "eu-west-1", "x.example", ""},
		"nothing that is overwritten":  {"aws_iam_role_policy", "eu-west-1", "x", ""},
		"no parameter that was not":    {"aws_ssm_parameter", "eu-west-1", "/x", ""},
		"no log group that was not":    {"aws_cloudwatch_log_group", "eu-west-1", "/x", ""},
		"no instance profile that was": {"aws_iam_instance_profile", "eu-west-1", "x", ""},
	} {
		t.Run("finds "+name, func(t *testing.T) {
			t.Parallel()
			id, found, err := connected.Find(t.Context(), aegis.Lookup{
				StackID: "dev.network.eu-west-1", Address: "aws_nat_gateway::main", Type: test.resourceType, Region: test.region,
				Inputs: map[string]any{"name": test.name, "bucket": test.name, "zone_id": "Z1", "type": "A"},
			})
			require.NoError(t, err)
			require.Equal(t, test.want, id)
			require.Equal(t, test.want != "", found)
		})
	}
}

func createGateway(t *testing.T, client *ec2.Client) string {
	t.Helper()
	vpc, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	require.NoError(t, err)
	subnet, err := client.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: vpc.Vpc.VpcId, CidrBlock: aws.String("10.0.0.0/24")})
	require.NoError(t, err)
	gateway, err := client.CreateNatGateway(t.Context(), &ec2.CreateNatGatewayInput{
		SubnetId: subnet.Subnet.SubnetId, ConnectivityType: types.ConnectivityTypePrivate,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeNatgateway, Tags: []types.Tag{
			{Key: aws.String("aegis:stack"), Value: aws.String("dev.network.eu-west-1")},
			{Key: aws.String("aegis:address"), Value: aws.String("aws_nat_gateway::main")},
		}}},
	})
	require.NoError(t, err)
	return *gateway.NatGateway.NatGatewayId
}

func TestFindOfAnUnknownType(t *testing.T) {
	t.Parallel()
	connected, _ := newCloud(t)
	_, _, err := connected.Find(t.Context(), aegis.Lookup{StackID: "dev.data.eu-west-1", Type: "aws_redshift_cluster", Region: "eu-west-1"})
	require.ErrorIs(t, err, aegis.ErrNotImplemented)
}

// What was planned before its parent was made, such as a record before its zone, has
// none in its inputs.
func TestFindOfOneWhoseParentIsUnknown(t *testing.T) {
	t.Parallel()
	connected, _ := newCloud(t)
	for _, resourceType := range []string{
		"aws_backup_selection", "aws_eks_access_entry", "aws_lb_listener", "aws_route", "aws_route_table_association", "aws_route53_record",
		"aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule",
	} {
		_, found, err := connected.Find(t.Context(), aegis.Lookup{
			StackID: "dev.edge.eu-west-1", Address: resourceType + "::app", Type: resourceType, Region: "eu-west-1",
			Inputs: map[string]any{"name": "app.example", "type": "A", "cluster_name": "main", "port": 443.0, "destination_cidr_block": "0.0.0.0/0"},
		})
		require.NoError(t, err, resourceType)
		require.False(t, found, resourceType)
	}
}
