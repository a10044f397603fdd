package cloud

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aegisworld/aegis"
)

// describer reads the state of one resource as attributes for Check.Expect.
type describer func(context.Context, clients, string) (map[string]string, error)

// describers are the types whose health can be told, each with the attributes
// that its function documents.
func describers() map[string]describer {
	return map[string]describer{
		"aws_acm_certificate":               describeCertificate,
		"aws_autoscaling_group":             describeGroup,
		"aws_backup_vault":                  describeVault,
		"aws_cloudfront_distribution":       describeDistribution,
		"aws_cloudtrail":                    describeTrail,
		"aws_config_configuration_recorder": describeRecorder,
		"aws_dynamodb_table":                describeTable,
		"aws_eks_addon":                     describeAddon,
		"aws_eks_cluster":                   describeKubernetes,
		"aws_eks_node_group":                describeNodeGroup,
		"aws_elasticache_replication_group": describeCache,
		"aws_guardduty_detector":            describeDetector,
		"aws_kinesis_stream":                describeStream,
		"aws_kms_key":                       describeKey,
		"aws_lb":                            describeBalancer,
		"aws_opensearch_domain":             describeDomain,
		"aws_rds_cluster":                   describeCluster,
		"aws_route53_zone":                  describeZone,
		"aws_s3_bucket":                     describeBucket,
		"aws_secretsmanager_secret":         describeSecret,
		"aws_vpc":                           describeVPC,
	}
}

// describeGroup tells min_size, max_size, desired_capacity, within_bounds
// ("true" when the desired capacity is between the two), in_service and
// unhealthy (numbers of instances).
func describeGroup(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.autoscaling().DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{id},
	})
	if err != nil {
		return nil, err
	}
	if len(output.AutoScalingGroups) == 0 {
		return nil, fmt.Errorf("group %s: %w", id, aegis.ErrNotFound)
	}
	group := output.AutoScalingGroups[0]
	low, high, desired := aws.ToInt32(group.MinSize), aws.ToInt32(group.MaxSize), aws.ToInt32(group.DesiredCapacity)
	inService, unhealthy := 0, 0
	for _, instance := range group.Instances {
		if instance.LifecycleState == types.LifecycleStateInService {
			inService++
		}
		if !strings.EqualFold(aws.ToString(instance.HealthStatus), "healthy") {
			unhealthy++
		}
	}
	return map[string]string{
		"min_size": number(low), "max_size": number(high), "desired_capacity": number(desired),
		"within_bounds": strconv.FormatBool(low <= desired && desired <= high),
		"in_service":    strconv.Itoa(inService), "unhealthy": strconv.Itoa(unhealthy),
	}, nil
}

func number(n int32) string { return strconv.Itoa(int(n)) }

// describeStream tells status and shards, of a stream by name.
func describeStream(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.kinesis().DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(id)})
	if err != nil {
		return nil, err
	}
	summary := output.StreamDescriptionSummary
	return map[string]string{
		"status": string(summary.StreamStatus), "shards": number(aws.ToInt32(summary.OpenShardCount)),
	}, nil
}

// describeKey tells key_state.
func describeKey(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.kms().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"key_state": string(output.KeyMetadata.KeyState)}, nil
}

// describeZone tells name, of a zone by id.
func describeZone(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.route53().GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"name": strings.TrimSuffix(aws.ToString(output.HostedZone.Name), ".")}, nil
}

// describeBucket tells versioning.
func describeBucket(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.s3().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{
		Bucket: aws.String(id), ExpectedBucketOwner: aws.String(c.account),
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"versioning": string(output.Status)}, nil
}

// describeVPC tells state and cidr.
func describeVPC(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.ec2().DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	if err != nil {
		return nil, err
	}
	if len(output.Vpcs) == 0 {
		return nil, fmt.Errorf("VPC %s: %w", id, aegis.ErrNotFound)
	}
	return map[string]string{"state": string(output.Vpcs[0].State), "cidr": aws.ToString(output.Vpcs[0].CidrBlock)}, nil
}
