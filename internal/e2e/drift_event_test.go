package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// told is an event as a receiver that knows nothing of the product reads it.
type told struct {
	Type string
	Data aegis.DriftReport
}

// receiver verifies what it is sent with the official library.
func receiver(ctx context.Context, t *testing.T, c *client.Client, stack string) <-chan told {
	t.Helper()
	events := make(chan told, 100)
	secret := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		key := <-secret
		secret <- key
		verifier, err2 := standardwebhooks.NewWebhook(key)
		if err != nil || err2 != nil || verifier.Verify(body, r.Header) != nil {
			t.Error("an event can't be verified")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var e told
		if json.Unmarshal(body, &e) == nil {
			events <- e
		}
	}))
	t.Cleanup(server.Close)
	made, err := c.CreateWebhook(ctx, client.WebhookRequest{URL: server.URL, EventTypes: []string{"aegis.drift.*"}, Stacks: []string{stack}})
	require.NoError(t, err)
	secret <- made.Secret
	t.Cleanup(func() { _ = c.DeleteWebhook(context.WithoutCancel(ctx), made.WebhookID) })
	return events
}

// await is the next event of the type about the resource.
func await(ctx context.Context, t *testing.T, events <-chan told, kind, resourceID string) aegis.DriftReport {
	t.Helper()
	for {
		select {
		case e := <-events:
			about := slices.ContainsFunc(e.Data.Changes, func(c aegis.DriftChange) bool { return c.ResourceID == resourceID })
			if e.Type == kind && about {
				return e.Data
			}
		case <-ctx.Done():
			require.Fail(t, "no "+kind+" about "+resourceID)
		}
	}
}

func TestAnOpenedPortIsReportedAndClosed(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const region, stack = "ap-southeast-1", "sandbox.network.ap-southeast-1"
	c := client.New(estate.URL, estate.Token)
	events := receiver(ctx, t, c, stack)
	network := ec2.NewFromConfig(admin(estate.Process, region))
	groups, err := network.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []types.Filter{{Name: aws.String("tag:aegis:stack"), Values: []string{stack}}},
	})
	require.NoError(t, err)
	i := slices.IndexFunc(groups.SecurityGroups, func(g types.SecurityGroup) bool { return aws.ToString(g.GroupName) != "default" })
	opened, err := network.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: groups.SecurityGroups[i].GroupId, IpPermissions: []types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(6379), ToPort: aws.Int32(6379), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
		}},
	})
	require.NoError(t, err)
	rule := aws.ToString(opened.SecurityGroupRules[0].SecurityGroupRuleId)

	found := await(ctx, t, events, "aegis.drift.detected", rule)
	require.Equal(t, aegis.DriftUnmanaged, found.Kind)
	require.Equal(t, "AuthorizeSecurityGroupIngress", found.Cause.EventName)
	require.Equal(t, "sandbox-admin", found.Cause.Actor.Principal)
	require.Equal(t, "aws_security_group::workload", found.Changes[0].Address)

	closed := await(ctx, t, events, "aegis.drift.corrected", rule)
	require.Equal(t, found.DriftReportID, closed.DriftReportID)
	cs, err := c.ChangeSet(ctx, closed.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, aegis.StatePromoted, cs.PromotionState)
	require.Equal(t, aegis.TargetAWSResource, cs.Target.Kind)
	require.NotEmpty(t, cs.DecisionID, "policy judged it")
	rules, err := network.DescribeSecurityGroupRules(ctx, nil)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(rules.SecurityGroupRules, func(r types.SecurityGroupRule) bool { return aws.ToString(r.SecurityGroupRuleId) == rule }))
}

func TestAnAttachedPolicyIsReportedAndDetached(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const stack, role, policy = "sandbox.security.eu-west-1", "aegis-sandbox-eu-west-1-node", "arn:aws:iam::aws:policy/AdministratorAccess"
	c := client.New(estate.URL, estate.Token)
	events := receiver(ctx, t, c, stack)
	roles := iam.NewFromConfig(admin(estate.Process, "eu-west-1"))
	_, err := roles.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(role), PolicyArn: aws.String(policy)})
	require.NoError(t, err)
	found := await(ctx, t, events, "aegis.drift.detected", role+"/"+policy)
	require.Equal(t, "AttachRolePolicy", found.Cause.EventName)
	await(ctx, t, events, "aegis.drift.corrected", role+"/"+policy)
	attached, err := roles.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
	require.NoError(t, err)
	require.Empty(t, attached.AttachedPolicies)
}

func TestADeletedBucketPolicyIsReportedAndComesBack(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const region, stack, bucket = "eu-west-1", "sandbox.data.eu-west-1", "aegis-sandbox-artifacts-123456789012-eu-west-1"
	c := client.New(estate.URL, estate.Token)
	events := receiver(ctx, t, c, stack)
	buckets := s3.NewFromConfig(admin(estate.Process, region), func(o *s3.Options) { o.UsePathStyle = true })
	before, err := buckets.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	_, err = buckets.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)

	found := await(ctx, t, events, "aegis.drift.detected", bucket)
	require.Equal(t, "DeleteBucketPolicy", found.Cause.EventName)
	require.Equal(t, "sandbox-admin", found.Cause.Actor.Principal)
	require.Equal(t, "aws_s3_bucket_policy::artifacts", found.Changes[0].Address)

	corrected := await(ctx, t, events, "aegis.drift.corrected", bucket)
	require.Equal(t, found.DriftReportID, corrected.DriftReportID)
	after, err := buckets.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	require.JSONEq(t, aws.ToString(before.Policy), aws.ToString(after.Policy))
}

func TestAGroupsSizeIsReportedAndSetBack(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const region, stack, name = "ap-southeast-1", "sandbox.runtime.ap-southeast-1", "aegis-sandbox-node"
	c := client.New(estate.URL, estate.Token)
	events := receiver(ctx, t, c, stack)
	groups := autoscaling.NewFromConfig(admin(estate.Process, region))
	look := func() asg.AutoScalingGroup {
		seen, err := groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
		require.NoError(t, err)
		return seen.AutoScalingGroups[0]
	}
	before := look()
	arn, size := aws.ToString(before.AutoScalingGroupARN), aws.ToInt32(before.MaxSize)
	_, err := groups.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String(name), MaxSize: aws.Int32(size + 5)})
	require.NoError(t, err)

	found := await(ctx, t, events, "aegis.drift.detected", arn)
	require.Equal(t, "UpdateAutoScalingGroup", found.Cause.EventName)
	require.Equal(t, "sandbox-admin", found.Cause.Actor.Principal)
	require.Equal(t, "max_size", found.Changes[0].Attribute)

	corrected := await(ctx, t, events, "aegis.drift.corrected", arn)
	require.Equal(t, found.DriftReportID, corrected.DriftReportID)
	require.Equal(t, size, aws.ToInt32(look().MaxSize))
}

func TestARogueInstanceIsReportedAndLeft(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	network := ec2.NewFromConfig(admin(estate.Process, "us-east-1"))
	images, err := network.DescribeImages(ctx, nil)
	require.NoError(t, err)
	run, err := network.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: images.Images[0].ImageId, InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
	})
	require.NoError(t, err)
	id := aws.ToString(run.Instances[0].InstanceId)
	c := client.New(estate.URL, estate.Token)
	var report aegis.DriftReport
	err = e2e.Await(ctx, "the report", func(ctx context.Context) (bool, error) {
		reports, err := c.DriftReports(ctx, aegis.DriftFilter{Kind: aegis.DriftUnmanaged, State: aegis.DriftReported}, aegis.Page{})
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(reports.Items, func(r aegis.DriftReport) bool { return r.Changes[0].ResourceID == id })
		if i >= 0 {
			report = reports.Items[i]
		}
		return i >= 0, nil
	})
	require.NoError(t, err)
	require.Equal(t, "RunInstances", report.Cause.EventName)
	require.Equal(t, aegis.ReportDrift, report.Changes[0].Decision)
	seen, err := network.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	require.NoError(t, err)
	require.Equal(t, types.InstanceStateNameRunning, seen.Reservations[0].Instances[0].State.Name)
}
