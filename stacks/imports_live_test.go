package stacks_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
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

// A cluster that others made is taken over with the role and the subnets that it
// has, and outlives its stack; what the stack adds to it goes.
func TestAnImportedClusterLive(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "eu-west-1")
	l := newLife(t, a)
	specs := oneRegion(t, "eu-west-1")
	l.make(t, patched(t, specs[aegis.LayerSecurity], clusterRoles))
	l.make(t, specs[aegis.LayerNetwork])
	client := eks.NewFromConfig(a.admin("eu-west-1"))
	role := shopCluster(t, a, client)

	spec := patched(t, specs[aegis.LayerRuntime], clustered(`{"version":"1.32","admins":null}`))
	spec = patched(t, spec, `{"node_min":0,"node_desired":0,"node_max":1,"clusters":{"main":{"node_groups":{"a":{"instance_types":["m5.large"]}}}},
		"import":{"aws_eks_cluster::main":"shop","aws_eks_addon::main-vpc-cni":"shop:vpc-cni"}}`)
	l.make(t, spec)
	l.still(t, spec)
	taken, err := client.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("shop")})
	require.NoError(t, err)
	require.Equal(t, role, *taken.Cluster.RoleArn)
	require.Nil(t, taken.Cluster.EncryptionConfig)
	require.Equal(t, "dev.runtime.eu-west-1", taken.Cluster.Tags["aegis:stack"])
	groups, err := client.ListNodegroups(t.Context(), &eks.ListNodegroupsInput{ClusterName: aws.String("shop")})
	require.NoError(t, err)
	require.Len(t, groups.Nodegroups, 1)

	spec = patched(t, spec, `{"clusters":{"main":{"version":"1.33"}}}`)
	l.make(t, spec)
	l.still(t, spec)
	l.end(t, spec)
	left, err := client.ListClusters(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"shop"}, left.Clusters)
	groups, err = client.ListNodegroups(t.Context(), &eks.ListNodegroupsInput{ClusterName: aws.String("shop")})
	require.NoError(t, err)
	require.Empty(t, groups.Nodegroups)
}

// shopCluster makes a cluster by hand, with an add-on, in other subnets than a stack
// would choose, and returns its role.
func shopCluster(t *testing.T, a *account, client *eks.Client) (role string) {
	t.Helper()
	made, err := iam.NewFromConfig(a.admin("eu-west-1")).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("shop-cluster"), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	require.NoError(t, err)
	found, err := ec2.NewFromConfig(a.admin("eu-west-1")).DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []ec2types.Filter{{Name: aws.String("tag:aegis:address"), Values: []string{"aws_subnet::public-1", "aws_subnet::public-2"}}},
	})
	require.NoError(t, err)
	require.Len(t, found.Subnets, 2)
	subnets := []string{*found.Subnets[0].SubnetId, *found.Subnets[1].SubnetId}
	_, err = client.CreateCluster(t.Context(), &eks.CreateClusterInput{
		Name: aws.String("shop"), Version: aws.String("1.32"), RoleArn: made.Role.Arn,
		ResourcesVpcConfig: &ekstypes.VpcConfigRequest{
			SubnetIds: subnets, EndpointPrivateAccess: aws.Bool(true), EndpointPublicAccess: aws.Bool(false),
		},
		AccessConfig: &ekstypes.CreateAccessConfigRequest{AuthenticationMode: ekstypes.AuthenticationModeApi},
		Logging: &ekstypes.Logging{ClusterLogging: []ekstypes.LogSetup{{
			Enabled: aws.Bool(true), Types: ekstypes.LogTypeApi.Values(),
		}}},
	})
	require.NoError(t, err)
	require.NoError(t, eks.NewClusterActiveWaiter(client, func(o *eks.ClusterActiveWaiterOptions) {
		o.MinDelay, o.MaxDelay = 200*time.Millisecond, time.Second
	}).Wait(t.Context(), &eks.DescribeClusterInput{Name: aws.String("shop")}, time.Minute))
	_, err = client.CreateAddon(t.Context(), &eks.CreateAddonInput{ClusterName: aws.String("shop"), AddonName: aws.String("vpc-cni")})
	require.NoError(t, err)
	return *made.Role.Arn
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
