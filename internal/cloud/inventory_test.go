package cloud_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox"
)

const anyoneTrusts = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`

// intrude adds, as the account's administrator, one thing of each kind beside
// what anybody manages, and returns their keys.
func intrude(t *testing.T, account *sandbox.Account) map[string]aegis.CloudResource {
	t.Helper()
	cfg := admin(account, "us-east-1")
	made := map[string]aegis.CloudResource{}
	add := func(kind, id, region, parentType, parent string) {
		made[kind] = aegis.CloudResource{Type: kind, ID: id, Region: region, ParentType: parentType, ParentID: parent}
	}
	network := ec2.NewFromConfig(cfg)
	vpc, err := network.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	require.NoError(t, err)
	group, err := network.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("aegis-dev-x"), Description: aws.String("x"), VpcId: vpc.Vpc.VpcId,
	})
	require.NoError(t, err)
	rule, err := network.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: group.GroupId, IpPermissions: []types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
		}},
	})
	require.NoError(t, err)
	add("aws_vpc_security_group_ingress_rule", *rule.SecurityGroupRules[0].SecurityGroupRuleId, "us-east-1", "aws_security_group", *group.GroupId)
	images, err := network.DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
	require.NoError(t, err)
	run, err := network.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: images.Images[0].ImageId, InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
	})
	require.NoError(t, err)
	add("aws_instance", *run.Instances[0].InstanceId, "us-east-1", "", "")
	volume, err := network.CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(1)})
	require.NoError(t, err)
	snapshot, err := network.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	require.NoError(t, err)
	_, err = network.ModifySnapshotAttribute(t.Context(), &ec2.ModifySnapshotAttributeInput{
		SnapshotId: snapshot.SnapshotId, Attribute: types.SnapshotAttributeNameCreateVolumePermission, OperationType: types.OperationTypeAdd, GroupNames: []string{"all"},
	})
	require.NoError(t, err)
	add("aws_snapshot_create_volume_permission", *snapshot.SnapshotId, "us-east-1", "aws_ebs_snapshot", *snapshot.SnapshotId)
	identities := iam.NewFromConfig(cfg)
	_, err = identities.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("aegis-dev-node"), AssumeRolePolicyDocument: aws.String(anyoneTrusts)})
	require.NoError(t, err)
	const everything = "arn:aws:iam::aws:policy/AdministratorAccess"
	_, err = identities.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("aegis-dev-node"), PolicyArn: aws.String(everything)})
	require.NoError(t, err)
	add("aws_iam_role_policy_attachment", "aegis-dev-node/"+everything, "", "aws_iam_role", "aegis-dev-node")
	_, err = identities.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("aegis-dev-node"), PolicyName: aws.String("more"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	})
	require.NoError(t, err)
	add("aws_iam_role_policy", "aegis-dev-node:more", "", "aws_iam_role", "aegis-dev-node")
	_, err = identities.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("mallory")})
	require.NoError(t, err)
	key, err := identities.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("mallory")})
	require.NoError(t, err)
	add("aws_iam_access_key", *key.AccessKey.AccessKeyId, "", "aws_iam_user", "mallory")
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("aegis-dev-open")})
	require.NoError(t, err)
	_, err = buckets.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("aegis-dev-open"), Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Principal":"*","Resource":"arn:aws:s3:::aegis-dev-open/*"}]}`)})
	require.NoError(t, err)
	add("aws_s3_bucket_policy", "aegis-dev-open", "us-east-1", "aws_s3_bucket", "aegis-dev-open")
	return made
}

func TestInventory(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	before, err := connected.Inventory(t.Context(), "us-east-1")
	require.NoError(t, err)
	made := intrude(t, account)
	after, err := connected.Inventory(t.Context(), "us-east-1")
	require.NoError(t, err)
	added := map[string]aegis.CloudResource{}
	for _, r := range after {
		if !slices.ContainsFunc(before, func(b aegis.CloudResource) bool { return b.Key() == r.Key() }) {
			added[r.Type+" "+r.ID] = r
		}
	}
	for kind, want := range made {
		got, ok := added[kind+" "+want.ID]
		require.True(t, ok, "%s is listed", kind)
		require.NotEmpty(t, got.Attributes)
		got.Attributes = nil
		require.Equal(t, want, got)
	}
	elsewhere, err := connected.Inventory(t.Context(), "eu-west-1")
	require.NoError(t, err)
	for _, r := range elsewhere {
		require.Equal(t, "eu-west-1", r.Region, "IAM is listed once")
		require.NotContains(t, added, r.Type+" "+r.ID)
	}
}

func TestDirect(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	made := intrude(t, account)
	direct := connected.Direct()
	run := aegis.StackRun{
		ChangeSetID: "cs-1",
		Stack: aegis.Stack{
			StackID: "dev.security.us-east-1", Kind: aegis.TargetPulumiStack, Environment: "dev", Layer: aegis.LayerSecurity, Region: "us-east-1", ResourceCount: 7,
		},
	}
	for kind, r := range made {
		if kind != "aws_iam_access_key" { // of a user who is not of the environment
			run.Removals = append(run.Removals, r)
		}
	}
	plan, err := direct.Preview(t.Context(), run)
	require.NoError(t, err)
	require.Len(t, plan.Changes, len(run.Removals))
	require.Equal(t, 7, plan.ResourceCount)
	for _, c := range plan.Changes {
		require.Equal(t, aegis.ActionDelete, c.Action)
		require.NotEmpty(t, c.Before)
	}
	granted := run
	granted.Policy = &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{"us-east-1"}, Services: []string{"ec2", "iam", "s3"}}}

	_, err = direct.Apply(t.Context(), granted, "another digest")
	require.ErrorIs(t, err, aegis.ErrDigestMismatch)
	_, err = direct.Apply(t.Context(), run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrProvider, "without a policy it only reads")
	seen, err := direct.Refresh(t.Context(), run)
	require.NoError(t, err)
	require.Len(t, seen.Drift, len(run.Removals), "nothing is gone yet")

	_, err = direct.Apply(t.Context(), granted, plan.Digest)
	require.NoError(t, err)
	seen, err = direct.Refresh(t.Context(), run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift)
	left, err := connected.Inventory(t.Context(), "us-east-1")
	require.NoError(t, err)
	for _, r := range run.Removals {
		require.False(t, slices.ContainsFunc(left, func(l aegis.CloudResource) bool { return l.Key() == r.Key() }), r.Key())
	}
	rest, err := direct.Preview(t.Context(), run)
	require.NoError(t, err)
	require.True(t, rest.Empty())

	run.Removals = []aegis.CloudResource{{Type: "aws_vpc", ID: "vpc-1", Region: "us-east-1"}}
	_, err = direct.Preview(t.Context(), run)
	require.ErrorIs(t, err, aegis.ErrInvalid)
}
