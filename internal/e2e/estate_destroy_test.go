package e2e_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// deletableLayers lets the stacks of all layers go but of two.
const deletableLayers = "estate:\n  layers:\n    data: {deletable: true}\n    network: {deletable: true}\n    runtime: {deletable: true}\n"

// leavesNothing waits for an estate, lets all of it go, and looks for what still
// bears the mark of a stack.
func leavesNothing(ctx context.Context, t *testing.T, p *e2e.Process) {
	t.Helper()
	c := client.New(p.URL, p.Token)
	require.NoError(t, e2e.AwaitEstate(ctx, c, 15))
	require.NotEmpty(t, marked(ctx, t, p), "the looks see what there is")

	all, err := c.Stacks(ctx, aegis.Page{Limit: 500})
	require.NoError(t, err)
	code, out := destroyEstate(ctx, p, "--yes")
	require.Equal(t, 1, code)
	require.Contains(t, out, "nothing was touched, as 6 stacks may not go")
	var sets []string
	for _, s := range all.Items {
		if s.Layer != aegis.LayerSecurity && s.Layer != aegis.LayerEdge {
			continue
		}
		cs, err := c.SetStackVariables(ctx, s.StackID, client.VariableChange{MergePatch: map[string]any{"deletable": true}})
		require.NoError(t, err)
		sets = append(sets, cs.ChangeSetID)
	}
	for _, id := range sets {
		cs, err := e2e.AwaitChangeSet(ctx, c, id)
		require.NoError(t, err)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, "%s %v", cs.Error, cs.Denials)
	}

	code, out = destroyEstate(ctx, p, "--yes", "-o", "json")
	require.Zero(t, code, out)
	var answer struct{ Stacks []client.Leaving }
	require.NoError(t, json.Unmarshal([]byte(out), &answer), out)
	require.Len(t, answer.Stacks, 15)
	for _, l := range answer.Stacks {
		require.Equal(t, client.LeavingGone, l.State, l.StackID)
	}
	require.Empty(t, marked(ctx, t, p))
	code, out = destroyEstate(ctx, p, "--yes")
	require.Zero(t, code, out)
}

// destroyEstate runs the verb; out is what it said, errors too.
func destroyEstate(ctx context.Context, p *e2e.Process, args ...string) (code int, out string) {
	cmd := exec.CommandContext(ctx, binary(), append([]string{"estate", "destroy"}, args...)...)
	cmd.Env = env("AEGIS_URL="+p.URL, "AEGIS_TOKEN="+p.Token)
	text, err := cmd.CombinedOutput()
	if err != nil {
		text = append(text, err.Error()...)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// markTag is the tag that says of which stack a resource is.
const markTag = "aegis:stack"

// marked lists what bears the tag in all regions, but for instances that have
// ended and keys that wait for their deletion.
func marked(ctx context.Context, t *testing.T, p *e2e.Process) []string {
	t.Helper()
	var found []string
	add := func(what string) { found = append(found, what) }
	for _, region := range p.Regions {
		cfg := admin(p, region)
		markedNetworks(ctx, t, cfg, add)
		markedKeys(ctx, t, cfg, add)
		markedStores(ctx, t, cfg, add)
		markedBuckets(ctx, t, cfg, add)
	}
	markedGlobals(ctx, t, admin(p, p.Regions[0]), add)
	return found
}

// markedNetworks asks for each kind of thing: the emulator's DescribeTags tells of
// those that are gone, too.
func markedNetworks(ctx context.Context, t *testing.T, cfg aws.Config, add func(string)) {
	t.Helper()
	api := ec2.NewFromConfig(cfg)
	filters := []ec2types.Filter{{Name: aws.String("tag-key"), Values: []string{markTag}}}
	list := func(ids []*string, err error) {
		require.NoError(t, err)
		for _, id := range ids {
			add(cfg.Region + " " + aws.ToString(id))
		}
	}
	vpcs, err := api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filters})
	list(eachID(vpcs, err, func(o *ec2.DescribeVpcsOutput) (ids []*string) {
		for _, one := range o.Vpcs {
			ids = append(ids, one.VpcId)
		}
		return ids
	}))
	subnets, err := api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: filters})
	list(eachID(subnets, err, func(o *ec2.DescribeSubnetsOutput) (ids []*string) {
		for _, one := range o.Subnets {
			ids = append(ids, one.SubnetId)
		}
		return ids
	}))
	groups, err := api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filters})
	list(eachID(groups, err, func(o *ec2.DescribeSecurityGroupsOutput) (ids []*string) {
		for _, one := range o.SecurityGroups {
			ids = append(ids, one.GroupId)
		}
		return ids
	}))
	tables, err := api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filters})
	list(eachID(tables, err, func(o *ec2.DescribeRouteTablesOutput) (ids []*string) {
		for _, one := range o.RouteTables {
			ids = append(ids, one.RouteTableId)
		}
		return ids
	}))
	gateways, err := api.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: filters})
	list(eachID(gateways, err, func(o *ec2.DescribeInternetGatewaysOutput) (ids []*string) {
		for _, one := range o.InternetGateways {
			ids = append(ids, one.InternetGatewayId)
		}
		return ids
	}))
	templates, err := api.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{Filters: filters})
	list(eachID(templates, err, func(o *ec2.DescribeLaunchTemplatesOutput) (ids []*string) {
		for _, one := range o.LaunchTemplates {
			ids = append(ids, one.LaunchTemplateId)
		}
		return ids
	}))
	addresses, err := api.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: filters})
	list(eachID(addresses, err, func(o *ec2.DescribeAddressesOutput) (ids []*string) {
		for _, one := range o.Addresses {
			ids = append(ids, one.AllocationId)
		}
		return ids
	}))
	instances, err := api.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
	list(eachID(instances, err, func(o *ec2.DescribeInstancesOutput) (ids []*string) {
		for _, r := range o.Reservations {
			for _, one := range r.Instances {
				if one.State.Name != ec2types.InstanceStateNameTerminated {
					ids = append(ids, one.InstanceId)
				}
			}
		}
		return ids
	}))
	markedGroups(ctx, t, cfg, add)
}

// eachID are the ids in an answer.
func eachID[O any](output O, err error, ids func(O) []*string) ([]*string, error) {
	if err != nil {
		return nil, err
	}
	return ids(output), nil
}

func markedGroups(ctx context.Context, t *testing.T, cfg aws.Config, add func(string)) {
	t.Helper()
	groups, err := autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	require.NoError(t, err)
	for _, g := range groups.AutoScalingGroups {
		for _, tag := range g.Tags {
			if aws.ToString(tag.Key) == markTag {
				add(cfg.Region + " " + *g.AutoScalingGroupName)
			}
		}
	}
}

func markedKeys(ctx context.Context, t *testing.T, cfg aws.Config, add func(string)) {
	t.Helper()
	api := kms.NewFromConfig(cfg)
	keys, err := api.ListKeys(ctx, &kms.ListKeysInput{})
	require.NoError(t, err)
	for _, key := range keys.Keys {
		said, err := api.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key.KeyId})
		require.NoError(t, err)
		if said.KeyMetadata.KeyState == kmstypes.KeyStatePendingDeletion {
			continue
		}
		tags, err := api.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: key.KeyId})
		require.NoError(t, err)
		if slices.ContainsFunc(tags.Tags, func(tag kmstypes.Tag) bool { return aws.ToString(tag.TagKey) == markTag }) {
			add(cfg.Region + " key " + *key.KeyId)
		}
	}
}

func markedStores(ctx context.Context, t *testing.T, cfg aws.Config, add func(string)) {
	t.Helper()
	streams, err := kinesis.NewFromConfig(cfg).ListStreams(ctx, &kinesis.ListStreamsInput{})
	require.NoError(t, err)
	for _, name := range streams.StreamNames {
		tags, err := kinesis.NewFromConfig(cfg).ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: aws.String(name)})
		require.NoError(t, err)
		for _, tag := range tags.Tags {
			if aws.ToString(tag.Key) == markTag {
				add(cfg.Region + " stream " + name)
			}
		}
	}
	logs, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	require.NoError(t, err)
	for _, g := range logs.LogGroups {
		tags, err := cloudwatchlogs.NewFromConfig(cfg).ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: g.LogGroupArn})
		require.NoError(t, err)
		if _, has := tags.Tags[markTag]; has {
			add(cfg.Region + " log group " + *g.LogGroupName)
		}
	}
	queues, err := sqs.NewFromConfig(cfg).ListQueues(ctx, &sqs.ListQueuesInput{})
	require.NoError(t, err)
	for _, url := range queues.QueueUrls {
		tags, err := sqs.NewFromConfig(cfg).ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: aws.String(url)})
		require.NoError(t, err)
		if _, has := tags.Tags[markTag]; has {
			add(cfg.Region + " queue " + url)
		}
	}
}

// markedBuckets looks at the buckets of a region, of which S3 lists those of all.
func markedBuckets(ctx context.Context, t *testing.T, cfg aws.Config, add func(string)) {
	t.Helper()
	store := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := store.ListBuckets(ctx, &s3.ListBucketsInput{})
	require.NoError(t, err)
	for _, b := range buckets.Buckets {
		tags, err := store.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b.Name})
		if err != nil {
			require.Regexp(t, "NoSuchTagSet|PermanentRedirect", err.Error())
			continue
		}
		for _, tag := range tags.TagSet {
			if aws.ToString(tag.Key) == markTag {
				add("bucket " + *b.Name)
			}
		}
	}
}

// markedGlobals looks at what is in no region.
func markedGlobals(ctx context.Context, t *testing.T, cfg aws.Config, add func(string)) {
	t.Helper()
	identities := iam.NewFromConfig(cfg)
	roles, err := identities.ListRoles(ctx, &iam.ListRolesInput{})
	require.NoError(t, err)
	for _, r := range roles.Roles {
		tags, err := identities.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: r.RoleName})
		require.NoError(t, err)
		for _, tag := range tags.Tags {
			if aws.ToString(tag.Key) == markTag {
				add("role " + *r.RoleName)
			}
		}
	}
	zones, err := route53.NewFromConfig(cfg).ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	require.NoError(t, err)
	for _, z := range zones.HostedZones {
		add("zone " + *z.Name)
	}
	checks, err := route53.NewFromConfig(cfg).ListHealthChecks(ctx, &route53.ListHealthChecksInput{})
	require.NoError(t, err)
	for _, h := range checks.HealthChecks {
		add("health check " + *h.Id)
	}
}
