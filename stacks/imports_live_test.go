package stacks_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// A VPC and a bucket that others made are taken over, stay as they are, and
// outlive their stacks.
func TestImportsLive(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "eu-west-1")
	l := newLife(t, a)
	specs := oneRegion(t, "eu-west-1")
	network := ec2.NewFromConfig(a.admin("eu-west-1"))
	made, err := network.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.10.0.0/16")})
	require.NoError(t, err)
	id := *made.Vpc.VpcId
	store := s3.NewFromConfig(a.admin("eu-west-1"), func(o *s3.Options) { o.UsePathStyle = true })
	const name = "shop-artifacts-of-old"
	_, err = store.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(name), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	require.NoError(t, err)
	_, err = store.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{
		Bucket: aws.String(name), LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
			ID: aws.String("expire"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
			NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(30)},
		}}},
	})
	require.NoError(t, err)

	l.make(t, specs[aegis.LayerSecurity])
	vpc := patched(t, specs[aegis.LayerNetwork], `{"cidr":"10.10.0.0/16","import":{"aws_vpc::main":"`+id+`"}}`)
	require.Subset(t, differences(t, l, patched(t, vpc, `{"cidr":"10.11.0.0/16"}`)), []string{"cidrBlock"})
	require.ElementsMatch(t, []string{"tags", "tagsAll"}, differences(t, l, vpc))
	l.make(t, vpc)
	l.still(t, vpc)
	bucket := patched(t, specs[aegis.LayerData], `{"import":{"aws_s3_bucket::artifacts":"`+name+`"}}`)
	l.make(t, bucket)
	l.still(t, bucket)
	l.end(t, bucket)
	l.end(t, vpc)
	_, err = store.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(name)})
	require.NoError(t, err)
	left, err := network.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	require.NoError(t, err)
	require.Len(t, left.Vpcs, 1)
}

// differences are the inputs in which the VPC that a spec imports is not what the
// spec asks for, as the engine's events tell after those of the import.
func differences(t *testing.T, l life, spec aegis.Spec) []string {
	t.Helper()
	stack := l.stack(t, spec)
	require.NoError(t, assume(t.Context(), l.connected, stack, &aegis.ExecutionPolicy{}))
	stream, seen := make(chan events.EngineEvent), make(chan []string)
	go func() {
		var diffs []string
		for e := range stream {
			if e.ResourcePreEvent != nil && e.ResourcePreEvent.Metadata.Type == "aws:ec2/vpc:Vpc" {
				diffs = append(diffs, e.ResourcePreEvent.Metadata.Diffs...)
			}
		}
		seen <- diffs
	}()
	_, err := stack.Preview(t.Context(), optpreview.EventStreams(stream), optpreview.SuppressProgress())
	require.NoError(t, err)
	return <-seen
}
