package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// openReport is the stack's open report about an attribute, once there is one.
func openReport(ctx context.Context, t *testing.T, c *client.Client, stack, attribute string) aegis.DriftReport {
	t.Helper()
	var found aegis.DriftReport
	err := e2e.Await(ctx, "a report about "+attribute, func(ctx context.Context) (bool, error) {
		list, err := c.DriftReports(ctx, aegis.DriftFilter{StackID: stack, State: aegis.DriftOpen}, aegis.Page{})
		if err != nil {
			return false, err
		}
		for _, r := range list.Items {
			if r.Changes[0].Attribute == attribute {
				found = r
				return true, nil
			}
		}
		return false, nil
	})
	require.NoError(t, err)
	return found
}

// ended is a change set at its end.
func ended(ctx context.Context, t *testing.T, c *client.Client, id string) aegis.AutonomousChangeSet {
	t.Helper()
	var cs aegis.AutonomousChangeSet
	err := e2e.Await(ctx, "the end of "+id, func(ctx context.Context) (over bool, err error) {
		cs, err = c.ChangeSet(ctx, id)
		return cs.PromotionState.Terminal(), err
	})
	require.NoError(t, err)
	return cs
}

func TestDriftIsExpectedAdoptedAndCorrectedBesideIt(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const region, stack, stream, group = "ap-southeast-1", "sandbox.data.ap-southeast-1", "aws_kinesis_stream::events", "aws_cloudwatch_log_group::audit"
	c := client.New(estate.URL, estate.Token)
	logs := cloudwatchlogs.NewFromConfig(admin(estate.Process, region))
	streams := kinesis.NewFromConfig(admin(estate.Process, region))
	name := aws.String("aegis-sandbox-events")
	retain := func(hours int32) {
		_, err := streams.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(hours)})
		require.NoError(t, err)
	}

	// A rule says whose the tag is.
	attribute := "tags.team"
	rules, err := c.AddDriftRules(ctx, client.DriftRuleRequest{StackID: stack, Address: group, Attribute: &attribute, Reason: "finance tags log groups"})
	require.NoError(t, err)
	groups, err := logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aegis/sandbox/audit")})
	require.NoError(t, err)
	arn := aws.String(strings.TrimSuffix(aws.ToString(groups.LogGroups[0].Arn), ":*"))
	_, err = logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"team": "finance"}})
	require.NoError(t, err)
	err = e2e.Await(ctx, "the expected tag", func(ctx context.Context) (bool, error) {
		seen, err := c.StackDrift(ctx, stack)
		if errors.Is(err, aegis.ErrNotFound) {
			return false, nil // no look yet
		}
		return err == nil && len(seen.Expected) == 1 && seen.Expected[0].RuleID == rules.Items[0].RuleID, err
	})
	require.NoError(t, err)

	// While a breaker keeps the retention from being corrected, it is adopted.
	breaker, err := c.OpenBreaker(ctx, client.BreakerRequest{Scope: aegis.BreakerStack, Key: stack, Reason: "someone decides"})
	require.NoError(t, err)
	retain(48)
	report := openReport(ctx, t, c, stack, "retention_period")
	err = e2e.Await(ctx, "the correction to be denied", func(ctx context.Context) (bool, error) {
		report, err = c.DriftReport(ctx, report.DriftReportID)
		if err != nil || report.ChangeSetID == "" {
			return false, err
		}
		cs, err := c.ChangeSet(ctx, report.ChangeSetID)
		return cs.PromotionState == aegis.StateDenied, err
	})
	require.NoError(t, err)
	_, err = c.CloseBreaker(ctx, breaker.BreakerID)
	require.NoError(t, err)
	adoption, err := c.AdoptDrift(ctx, report.DriftReportID)
	require.NoError(t, err)
	adoption = ended(ctx, t, c, adoption.ChangeSetID)
	require.Equal(t, aegis.StatePromoted, adoption.PromotionState, adoption.Error)
	require.Len(t, adoption.Diff, 1, "what policy judged")
	require.Equal(t, stream, adoption.Diff[0].Address)
	require.NotEmpty(t, adoption.DecisionID)
	report, err = c.DriftReport(ctx, report.DriftReportID)
	require.NoError(t, err)
	require.Equal(t, aegis.DriftAdopted, report.State)
	now, err := c.Stack(ctx, stack)
	require.NoError(t, err)
	var params aegis.DataSpec
	require.NoError(t, json.Unmarshal(now.Spec.Parameters, &params))
	require.Equal(t, 48, params.Streams["events"].RetentionHours)

	// What comes next is corrected to the adopted value, and the tag stays.
	retain(72)
	second := openReport(ctx, t, c, stack, "retention_period")
	require.InDelta(t, 48, second.Changes[0].Before, 0)
	err = e2e.Await(ctx, "the correction", func(ctx context.Context) (bool, error) {
		second, err = c.DriftReport(ctx, second.DriftReportID)
		return second.State == aegis.DriftCorrected, err
	})
	require.NoError(t, err)
	described, err := streams.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	require.NoError(t, err)
	require.Equal(t, int32(48), aws.ToInt32(described.StreamDescriptionSummary.RetentionPeriodHours))
	correction, err := c.ChangeSet(ctx, second.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, []string{stream}, correction.Target.Addresses)
	tags, err := logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: arn})
	require.NoError(t, err)
	require.Equal(t, "finance", tags.Tags["team"])
	require.Equal(t, stack, tags.Tags["aegis:stack"])
}

func TestAFightOpensTheBreakerOfItsAttribute(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const region, stack = "us-east-1", "sandbox.network.us-east-1"
	c := client.New(estate.URL, estate.Token)
	events := receiver(ctx, t, c, stack)
	network := ec2.NewFromConfig(admin(estate.Process, region))
	groups, err := network.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []types.Filter{
			{Name: aws.String("tag:aegis:stack"), Values: []string{stack}}, {Name: aws.String("tag:aegis:address"), Values: []string{"aws_security_group::workload"}},
		},
	})
	require.NoError(t, err)
	opens := func() string {
		opened, err := network.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: groups.SecurityGroups[0].GroupId, IpPermissions: []types.IpPermission{{
				IpProtocol: aws.String("tcp"), FromPort: aws.Int32(5601), ToPort: aws.Int32(5601), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
			}},
		})
		require.NoError(t, err)
		return aws.ToString(opened.SecurityGroupRules[0].SecurityGroupRuleId)
	}
	for range 3 {
		await(ctx, t, events, "aegis.drift.corrected", opens())
	}
	fought := await(ctx, t, events, "aegis.drift.detected", opens())
	require.Equal(t, aegis.DriftReported, fought.State)
	require.Contains(t, fought.Changes[0].Reason, "corrected it 3 times")
	require.Contains(t, fought.Changes[0].Reason, "sandbox-admin")
	list, err := c.Breakers(ctx)
	require.NoError(t, err)
	var breaker aegis.Breaker
	for _, b := range list.Items {
		if b.Scope == aegis.BreakerAttribute && strings.HasPrefix(b.Key, stack+" aws_security_group::workload ") {
			breaker = b
		}
	}
	require.True(t, breaker.Open)
	require.Contains(t, fought.Changes[0].Reason, breaker.BreakerID)

	_, err = c.CloseBreaker(ctx, breaker.BreakerID)
	require.NoError(t, err)
	await(ctx, t, events, "aegis.drift.corrected", fought.Changes[0].ResourceID)
}
