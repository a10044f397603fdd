package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestPatches(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	cfg := adminConfig(account, "us-east-1")

	t.Run("a stream has the tags that it was created with", func(t *testing.T) {
		t.Parallel()
		client := kinesis.NewFromConfig(cfg)
		_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{
			StreamName: aws.String("events"), ShardCount: aws.Int32(1), Tags: map[string]string{"aegis:stack": "x"},
		})
		require.NoError(t, err)
		tags, err := client.ListTagsForStream(t.Context(), &kinesis.ListTagsForStreamInput{StreamName: aws.String("events")})
		require.NoError(t, err)
		require.Len(t, tags.Tags, 1)
		require.Equal(t, "x", *tags.Tags[0].Value)
	})
	t.Run("a key without a rotation period has the default one", func(t *testing.T) {
		t.Parallel()
		client := kms.NewFromConfig(cfg)
		key, err := client.CreateKey(t.Context(), nil)
		require.NoError(t, err)
		_, err = client.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: key.KeyMetadata.KeyId})
		require.NoError(t, err)
		status, err := client.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: key.KeyMetadata.Arn})
		require.NoError(t, err)
		require.EqualValues(t, 365, *status.RotationPeriodInDays)
	})
	t.Run("a user's boundary can be put and deleted", func(t *testing.T) {
		t.Parallel()
		client, name := iam.NewFromConfig(cfg), aws.String("ivan")
		put := &iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}
		_, err := client.PutUserPermissionsBoundary(t.Context(), put)
		requireCode(t, err, "NoSuchEntity")
		_, err = client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
		require.NoError(t, err)
		_, err = client.PutUserPermissionsBoundary(t.Context(), put)
		require.NoError(t, err)
		user, err := client.GetUser(t.Context(), &iam.GetUserInput{UserName: name})
		require.NoError(t, err)
		require.Equal(t, *put.PermissionsBoundary, *user.User.PermissionsBoundary.PermissionsBoundaryArn)
		_, err = client.DeleteUserPermissionsBoundary(t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: name})
		require.NoError(t, err)
		user, err = client.GetUser(t.Context(), &iam.GetUserInput{UserName: name})
		require.NoError(t, err)
		require.Nil(t, user.User.PermissionsBoundary)
	})
	t.Run("templates and scaling policies settle", func(t *testing.T) {
		t.Parallel()
		settle(t, account)
	})
	t.Run("groups grow by a template's later versions", func(t *testing.T) {
		t.Parallel()
		grow(t, account)
	})
}

// grow has a group grow by the newest version of its template, which has user data.
func grow(t *testing.T, account *sandbox.Account) {
	t.Helper()
	cfg := adminConfig(account, "us-east-1")
	templates, groups := ec2.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg)
	name := aws.String("growing")
	data := types.RequestLaunchTemplateData{ImageId: aws.String("ami-12c6146b"), InstanceType: "t3.micro", UserData: aws.String("IyEvYmluL3No")}
	_, err := templates.CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{LaunchTemplateName: name, LaunchTemplateData: &data})
	require.NoError(t, err)
	_, err = groups.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: name, MinSize: aws.Int32(1), MaxSize: aws.Int32(3), AvailabilityZones: []string{"us-east-1a"},
		LaunchTemplate: &scaling.LaunchTemplateSpecification{LaunchTemplateName: name, Version: aws.String("$Latest")},
	})
	require.NoError(t, err)
	for _, userData := range []string{"", "IyEvYmluL2Jhc2g="} {
		data.InstanceType, data.UserData = "t3.large", aws.String(userData)
		_, err = templates.CreateLaunchTemplateVersion(t.Context(), &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateName: name, LaunchTemplateData: &data})
		require.NoError(t, err)
		group := func() scaling.AutoScalingGroup {
			found, err := groups.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{*name}})
			require.NoError(t, err)
			return found.AutoScalingGroups[0]
		}
		more := aws.Int32(*group().DesiredCapacity + 1)
		_, err = groups.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: name, DesiredCapacity: more})
		require.NoError(t, err)
		require.Len(t, group().Instances, int(*more))
	}
	found, err := templates.DescribeLaunchTemplateVersions(t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: name, Versions: []string{"$Latest"}})
	require.NoError(t, err)
	require.Equal(t, "IyEvYmluL2Jhc2g=", *found.LaunchTemplateVersions[0].LaunchTemplateData.UserData)
}

func settle(t *testing.T, account *sandbox.Account) {
	t.Helper()
	cfg := adminConfig(account, "us-east-1")
	_, err := ec2.NewFromConfig(cfg).CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("runtime"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-12c6146b"), InstanceType: "t3.micro"},
		TagSpecifications:  []types.TagSpecification{{ResourceType: "launch-template", Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}},
	})
	require.NoError(t, err)
	versions, err := ec2.NewFromConfig(cfg).DescribeLaunchTemplateVersions(t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("runtime")})
	require.NoError(t, err)
	require.Empty(t, versions.LaunchTemplateVersions[0].LaunchTemplateData.TagSpecifications)

	client := autoscaling.NewFromConfig(cfg)
	_, err = client.CreateLaunchConfiguration(t.Context(), &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: aws.String("runtime"), ImageId: aws.String("ami-12c6146b"), InstanceType: aws.String("t3.micro"),
	})
	require.NoError(t, err)
	_, err = client.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("runtime"), LaunchConfigurationName: aws.String("runtime"),
		MinSize: aws.Int32(0), MaxSize: aws.Int32(1), AvailabilityZones: []string{"us-east-1a"},
	})
	require.NoError(t, err)
	_, err = client.PutScalingPolicy(t.Context(), &autoscaling.PutScalingPolicyInput{
		AutoScalingGroupName: aws.String("runtime"), PolicyName: aws.String("cpu"), AdjustmentType: aws.String("ChangeInCapacity"), ScalingAdjustment: aws.Int32(1),
	})
	require.NoError(t, err)
	policies, err := client.DescribePolicies(t.Context(), &autoscaling.DescribePoliciesInput{})
	require.NoError(t, err)
	require.True(t, *policies.ScalingPolicies[0].Enabled)
	require.Nil(t, policies.ScalingPolicies[0].PredictiveScalingConfiguration)
}
