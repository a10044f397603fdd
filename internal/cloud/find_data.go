package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/aegisworld/aegis"
)

// findBucket says that a bucket is there only when it is this account's.
func findBucket(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	bucket := aws.String(input(lookup, "bucket"))
	owner := aws.String(c.account)
	if _, err := c.s3().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket, ExpectedBucketOwner: owner}); err != nil {
		return "", err
	}
	tagging, err := c.s3().GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket, ExpectedBucketOwner: owner})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "NoSuchTagSet" {
		return *bucket, nil
	}
	if err != nil || !ours(tagMap(tagging.TagSet, func(t s3types.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return *bucket, nil
}

func findStream(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := aws.String(input(lookup, "name"))
	stream, err := c.kinesis().DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	if err != nil || stream.StreamDescriptionSummary.StreamStatus == kinesistypes.StreamStatusDeleting {
		return "", err
	}
	listed, err := c.kinesis().ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name})
	if err != nil || !ours(tagMap(listed.Tags, func(t kinesistypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return *name, nil
}

func findLogGroup(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(c.logs(), &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String(name),
	})
	for group, err := range items(ctx, pages, func(p *cloudwatchlogs.DescribeLogGroupsOutput) []logtypes.LogGroup { return p.LogGroups }) {
		if err != nil {
			return "", err
		}
		if aws.ToString(group.LogGroupName) == name {
			return name, nil
		}
	}
	return "", nil
}

// findParameter reads no value.
func findParameter(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	output, err := c.ssm().DescribeParameters(ctx, &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{
			{Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{name}},
		},
	})
	if err != nil || len(output.Parameters) == 0 {
		return "", err
	}
	listed, err := c.ssm().ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{
		ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: aws.String(name),
	})
	if err != nil || !ours(tagMap(listed.TagList, func(t ssmtypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return name, nil
}

func findGroup(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	output, err := c.autoscaling().DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{name},
	})
	// A group with a status is being deleted.
	if err != nil || len(output.AutoScalingGroups) == 0 || output.AutoScalingGroups[0].Status != nil {
		return "", err
	}
	tags := map[string]string{}
	for _, tag := range output.AutoScalingGroups[0].Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	if !ours(tags, lookup) {
		return "", nil
	}
	return name, nil
}

// findTopic returns the ARN, which follows from the name.
func findTopic(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	arn := "arn:aws:sns:" + lookup.Region + ":" + c.account + ":" + input(lookup, "name")
	_, err := c.sns().GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(arn)})
	return arn, err
}

// findQueue returns the queue's URL.
func findQueue(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.sqs().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(input(lookup, "name"))})
	if err != nil {
		return "", err
	}
	listed, err := c.sqs().ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: output.QueueUrl})
	if err != nil || !ours(listed.Tags, lookup) {
		return "", err
	}
	return aws.ToString(output.QueueUrl), nil
}
