package e2e_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// nodes are minimum, desired and maximum of the region's Auto Scaling group.
func nodes(t *testing.T, region string) [3]int32 {
	t.Helper()
	out, err := autoscaling.NewFromConfig(admin(estate.Process, region)).DescribeAutoScalingGroups(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, out.AutoScalingGroups, 1)
	g := out.AutoScalingGroups[0]
	return [3]int32{aws.ToInt32(g.MinSize), aws.ToInt32(g.DesiredCapacity), aws.ToInt32(g.MaxSize)}
}

func TestGoalChangesTheAccount(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	c := client.New(estate.URL, estate.Token)

	g, sets := goal(ctx, t, estate.Process, aegis.GoalSpec{Intent: "scale the runtime in eu-west-1 to 4 nodes"})
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
	require.Len(t, sets, 1)
	require.Equal(t, aegis.StatePromoted, sets[0].PromotionState)
	require.Equal(t, []string{"sandbox.runtime.eu-west-1"}, sets[0].Target.StackIDs)
	require.NotEmpty(t, sets[0].PlanDigests["sandbox.runtime.eu-west-1"])
	require.Positive(t, sets[0].CostDeltaUSDMonth)
	require.NotEmpty(t, sets[0].DecisionID)
	require.Equal(t, [3]int32{4, 4, 6}, nodes(t, "eu-west-1"))
	require.Equal(t, [3]int32{2, 2, 6}, nodes(t, "us-east-1"))
	require.Equal(t, [3]int32{2, 2, 6}, nodes(t, "ap-southeast-1"))

	decision, err := c.Decision(ctx, sets[0].DecisionID, false)
	require.NoError(t, err)
	require.True(t, decision.Allowed)
	require.NotEmpty(t, decision.Input)

	undo, err := c.RollbackChangeSet(ctx, sets[0].ChangeSetID)
	require.NoError(t, err)
	undo, err = e2e.AwaitChangeSet(ctx, c, undo.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, aegis.StatePromoted, undo.PromotionState, undo.Error)
	require.Equal(t, sets[0].ChangeSetID, undo.RollbackOf)
	require.Equal(t, [3]int32{2, 2, 6}, nodes(t, "eu-west-1"))

	again, err := c.RollbackChangeSet(ctx, undo.ChangeSetID)
	require.NoError(t, err)
	again, err = e2e.AwaitChangeSet(ctx, c, again.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, aegis.StatePromoted, again.PromotionState, again.Error)
	require.Equal(t, [3]int32{4, 4, 6}, nodes(t, "eu-west-1"))
}

func TestExecutorActsUnderTheChangeSetsName(t *testing.T) {
	t.Parallel()
	g, sets := goal(within(t), t, estate.Process, aegis.GoalSpec{Intent: "set setting executor-name to seen in eu-west-1"})
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
	calls, err := estate.Calls("PutParameter", "executor-name")
	require.NoError(t, err)
	require.Len(t, calls, 1)
	require.Equal(t, "eu-west-1", calls[0].AWSRegion)
	require.Contains(t, calls[0].UserIdentity.ARN, "assumed-role/aegis-")
	require.Contains(t, calls[0].UserIdentity.ARN, sets[0].ChangeSetID)
}

func TestDeniedGoalChangesNothing(t *testing.T) {
	t.Parallel()
	g, sets := goal(within(t), t, estate.Process, aegis.GoalSpec{
		Intent: "open port 22 to 0.0.0.0/0 everywhere", RiskTolerance: aegis.RiskHigh,
	})
	require.Equal(t, aegis.GoalDenied, g.State)
	require.Contains(t, g.Error, "world_open_admin_port")
	require.Equal(t, []string{"world_open_admin_port"}, uniq(codes(sets[0])))
	for _, region := range estate.Regions {
		out, err := ec2.NewFromConfig(admin(estate.Process, region)).DescribeSecurityGroupRules(t.Context(), nil)
		require.NoError(t, err)
		for _, rule := range out.SecurityGroupRules {
			require.NotEqual(t, int32(22), aws.ToInt32(rule.FromPort), "port 22 is open in %s", region)
		}
	}
}

func uniq(in []string) []string {
	var out []string
	for _, s := range in {
		if len(out) == 0 || out[len(out)-1] != s {
			out = append(out, s)
		}
	}
	return out
}

func shards(t *testing.T, region string) int32 {
	t.Helper()
	c := kinesis.NewFromConfig(admin(estate.Process, region))
	list, err := c.ListStreams(t.Context(), nil)
	require.NoError(t, err)
	require.NotEmpty(t, list.StreamNames)
	out, err := c.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &list.StreamNames[0]})
	require.NoError(t, err)
	return aws.ToInt32(out.StreamDescriptionSummary.OpenShardCount)
}

func TestFailedCanaryIsRolledBack(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	require.NoError(t, estate.Fault(ctx, "set", "--region", "ap-southeast-1", "--service", "kinesis", "--action", "UpdateShardCount",
		"--error-rate", "1", "--error-code", "AccessDeniedException", "--error-status", "400"))
	g, sets := goal(ctx, t, estate.Process, aegis.GoalSpec{Intent: "double the events stream everywhere"})
	require.Equal(t, aegis.GoalFailed, g.State)
	require.Equal(t, aegis.StateRolledBack, sets[0].PromotionState)
	require.NotNil(t, sets[0].CanaryResult)
	require.Equal(t, "failed", sets[0].CanaryResult.Outcome)
	require.Contains(t, sets[0].Error, "AccessDeniedException")
	for _, region := range estate.Regions {
		require.Equal(t, int32(1), shards(t, region), region)
	}
}

func TestCanaryThatDoesNotHoldIsRolledBack(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	c := client.New(estate.URL, estate.Token)
	g, err := c.CreateGoal(ctx, aegis.GoalSpec{Intent: "set setting unstable to on everywhere"})
	require.NoError(t, err)
	var canary aegis.AutonomousChangeSet
	err = e2e.Await(ctx, "the canary to soak", func(ctx context.Context) (bool, error) {
		sets, err := c.ChangeSets(ctx, aegis.ChangeSetFilter{GoalID: g.GoalID}, aegis.Page{})
		if err != nil || len(sets.Items) == 0 {
			return false, err
		}
		canary = sets.Items[0]
		if canary.PromotionState.Terminal() {
			return false, fmt.Errorf("%w: ended %s: %s", errUnexpected, canary.PromotionState, canary.Error)
		}
		return canary.Phase == aegis.PhaseCanary && canary.SoakUntil != nil, nil
	})
	require.NoError(t, err)
	region := canary.CanaryResult.Region
	parameters := ssm.NewFromConfig(admin(estate.Process, region))
	name := "/aegis/sandbox/unstable"
	_, err = parameters.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String("meddled"), Overwrite: aws.Bool(true)})
	require.NoError(t, err)

	end, err := e2e.AwaitChangeSet(ctx, c, canary.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, aegis.StateRolledBack, end.PromotionState, end.Error)
	require.Equal(t, "failed", end.CanaryResult.Outcome)
	for _, region := range estate.Regions {
		_, err := ssm.NewFromConfig(admin(estate.Process, region)).GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
		require.ErrorContains(t, err, "ParameterNotFound", region)
	}
}

func TestDriftIsCorrected(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const stack = "sandbox.security.us-east-1"
	c := client.New(estate.URL, estate.Token)
	before, err := c.Stack(ctx, stack)
	require.NoError(t, err)
	roles := iam.NewFromConfig(admin(estate.Process, "us-east-1"))
	_, err = roles.UpdateRole(ctx, &iam.UpdateRoleInput{
		RoleName: aws.String("aegis-sandbox-us-east-1-node"), Description: aws.String("meddled"),
	})
	require.NoError(t, err)
	_, err = c.ReconcileStack(ctx, stack)
	require.NoError(t, err)
	err = e2e.Await(ctx, "the correction", func(ctx context.Context) (bool, error) {
		sets, err := c.ChangeSets(ctx, aegis.ChangeSetFilter{StackID: stack, Source: aegis.SourceDrift}, aegis.Page{})
		return err == nil && len(sets.Items) > 0 && sets.Items[0].PromotionState == aegis.StatePromoted, err
	})
	require.NoError(t, err)
	after, err := c.Stack(ctx, stack)
	require.NoError(t, err)
	require.Equal(t, aegis.StackClean, after.State)
	require.Equal(t, before.Revision, after.Revision, "a correction is no new spec")
}

func TestUnreadableGoalSaysWhatCanBeDone(t *testing.T) {
	t.Parallel()
	g, sets := goal(within(t), t, estate.Process, aegis.GoalSpec{Intent: "make me a sandwich"})
	require.Equal(t, aegis.GoalFailed, g.State)
	require.Empty(t, sets)
	require.Contains(t, g.Error, "scale the runtime")
}

func TestPreviewSaysWhatAGoalComesTo(t *testing.T) {
	t.Parallel()
	preview, err := client.New(estate.URL, estate.Token).PreviewGoal(within(t), aegis.GoalSpec{
		Intent: "make checkout survive losing us-east-1, under $3,000 a month more, by Friday", RiskTolerance: aegis.RiskHigh,
	})
	require.NoError(t, err)
	require.Empty(t, preview.Error)
	require.Len(t, preview.Plan.Options, 3)
	require.NotEmpty(t, preview.Plan.Tasks)
	for i, trial := range preview.Trials {
		require.Equal(t, preview.Plan.Tasks[i].TaskID, trial.TaskID)
		require.Empty(t, trial.Error, "an engine planned it")
		require.NotEmpty(t, trial.Diff)
	}
}

func TestBudgetRefusesWhatIsTooDear(t *testing.T) {
	t.Parallel()
	limit := 1.0
	g, _ := goal(within(t), t, estate.Process, aegis.GoalSpec{
		Intent: "scale the runtime in us-east-1 to 6 nodes", Budget: &aegis.Budget{USDMonth: &limit},
	})
	require.Contains(t, []aegis.GoalState{aegis.GoalDenied, aegis.GoalFailed}, g.State)
	require.Contains(t, g.Error, "budget")
	require.Equal(t, [3]int32{2, 2, 6}, nodes(t, "us-east-1"))
}
