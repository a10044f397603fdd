package sandbox_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// A cluster with all that belongs to it, by Terraform and the real provider: it is
// made, then it and its nodes go to the next version, and it goes away.
func TestProviderMakesClusters(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	configuration := dataNetwork + `
resource "aws_iam_role" "by" {
  for_each           = { cluster = ["eks"], nodes = ["ec2"], pods = ["pods.eks"] }
  name               = "aegis-dev-${each.key}"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = { Service = "${each.value[0]}.amazonaws.com" } }] })
}
resource "aws_eks_cluster" "main" {
  name                          = "aegis-dev-main"
  version                       = "1.32"
  role_arn                      = aws_iam_role.by["cluster"].arn
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = ["api", "audit"]
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }
  vpc_config {
    subnet_ids              = aws_subnet.data[*].id
    security_group_ids      = [aws_security_group.data.id]
    endpoint_private_access = true
    endpoint_public_access  = false
  }
  encryption_config {
    provider {
      key_arn = aws_kms_key.data.arn
    }
    resources = ["secrets"]
  }
  tags = { a = "1" }
}
resource "aws_eks_addon" "before" {
  for_each     = toset(["vpc-cni", "eks-pod-identity-agent"])
  cluster_name = aws_eks_cluster.main.name
  addon_name   = each.key
  tags         = { a = "1" }
}
resource "aws_launch_template" "nodes" {
  name                   = "aegis-dev-nodes"
  update_default_version = true
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 20
      volume_type = "gp3"
      encrypted   = true
    }
  }
}
resource "aws_eks_node_group" "main" {
  cluster_name    = aws_eks_cluster.main.name
  node_group_name = "aegis-dev-main"
  version         = aws_eks_cluster.main.version
  node_role_arn   = aws_iam_role.by["nodes"].arn
  subnet_ids      = aws_subnet.data[*].id
  instance_types  = ["m7g.large", "m6g.large"]
  ami_type        = "AL2023_ARM_64_STANDARD"
  scaling_config {
    min_size     = 1
    desired_size = 2
    max_size     = 3
  }
  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }
  labels     = { pool = "main" }
  tags       = { a = "1" }
  depends_on = [aws_eks_addon.before]
}
resource "aws_eks_addon" "dns" {
  cluster_name  = aws_eks_cluster.main.name
  addon_name    = "coredns"
  addon_version = "v1.11.4-eksbuild.2"
  depends_on    = [aws_eks_node_group.main]
}
resource "aws_eks_access_entry" "admin" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = aws_iam_role.by["pods"].arn
  tags          = { a = "1" }
}
resource "aws_eks_access_policy_association" "admin" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = aws_eks_access_entry.admin.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
  access_scope {
    type = "cluster"
  }
}
resource "aws_eks_pod_identity_association" "app" {
  cluster_name    = aws_eks_cluster.main.name
  namespace       = "aegis"
  service_account = "aegis"
  role_arn        = aws_iam_role.by["pods"].arn
  tags            = { a = "1" }
}
`
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.NewReplacer(`"1.32"`, `"1.33"`, `a = "1"`, `a = "2"`, `["api", "audit"]`, `["audit", "scheduler"]`,
		"endpoint_public_access  = false", "endpoint_public_access  = true\n    public_access_cidrs     = [\"192.0.2.0/24\"]",
		"v1.11.4-eksbuild.2", "v1.12.1-eksbuild.2", "desired_size = 2", "desired_size = 3", `pool = "main"`, `tier = "main"`,
		"volume_size = 20", "volume_size = 30", "AmazonEKSViewPolicy", "AmazonEKSEditPolicy").Replace(configuration))
	w.destroy(t)
	left, err := eks.NewFromConfig(adminConfig(account, "us-east-1")).ListClusters(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, left.Clusters)
}

// kubernetes is an account with what a cluster needs.
type kubernetes struct {
	*eks.Client

	subnets      []string
	role, worker string
}

func newKubernetes(t *testing.T, cfg aws.Config) kubernetes {
	t.Helper()
	network := ec2.NewFromConfig(cfg)
	vpc, err := network.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.8.0.0/16")})
	require.NoError(t, err)
	k := kubernetes{Client: eks.NewFromConfig(cfg)}
	for i, zone := range []string{"us-east-1a", "us-east-1b"} {
		made, err := network.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, CidrBlock: aws.String("10.8." + string(rune('0'+i)) + ".0/24"), AvailabilityZone: aws.String(zone),
		})
		require.NoError(t, err)
		k.subnets = append(k.subnets, *made.Subnet.SubnetId)
	}
	role := func(name, service string) string {
		made, err := iam.NewFromConfig(cfg).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		require.NoError(t, err)
		return *made.Role.Arn
	}
	k.role, k.worker = role("control", "eks"), role("worker", "ec2")
	return k
}

func (k kubernetes) make(t *testing.T, name, version string) *types.Cluster {
	t.Helper()
	made, err := k.CreateCluster(t.Context(), &eks.CreateClusterInput{
		Name: aws.String(name), Version: aws.String(version), RoleArn: aws.String(k.role),
		ResourcesVpcConfig: &types.VpcConfigRequest{SubnetIds: k.subnets}, Tags: map[string]string{"a": "1"},
		AccessConfig: &types.CreateAccessConfigRequest{AuthenticationMode: types.AuthenticationModeApi},
	})
	require.NoError(t, err)
	require.Equal(t, types.ClusterStatusCreating, made.Cluster.Status)
	return k.active(t, name)
}

func (k kubernetes) active(t *testing.T, name string) *types.Cluster {
	t.Helper()
	var cluster *types.Cluster
	require.Eventually(t, func() bool {
		found, err := k.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String(name)})
		require.NoError(t, err)
		cluster = found.Cluster
		return cluster.Status == types.ClusterStatusActive
	}, startPatience, pollPause)
	return cluster
}

func (k kubernetes) nodes(t *testing.T, cluster, name string) error {
	t.Helper()
	_, err := k.CreateNodegroup(t.Context(), &eks.CreateNodegroupInput{
		ClusterName: aws.String(cluster), NodegroupName: aws.String(name), NodeRole: aws.String(k.worker), Subnets: k.subnets,
	})
	return err
}

// Clusters do as EKS's SDK expects, refuse as EKS does, and are as they were after
// a restart.
func TestClusters(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	k := newKubernetes(t, adminConfig(account, "us-east-1"))
	made := k.make(t, "kept", "1.31")
	requireAuthority(t, made)
	k.refuses(t)
	require.NoError(t, k.nodes(t, "kept", "workers"))
	k.upgrades(t)
	k.admits(t)
	before := k.active(t, "kept")
	require.Subset(t, recorded(t, account), []string{"CreateCluster", "CreateNodegroup", "UpdateClusterVersion", "CreateAccessEntry", "AssociateAccessPolicy"})
	stop()
	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	k.Client = eks.NewFromConfig(adminConfig(account, "us-east-1"))
	require.Equal(t, before, k.active(t, "kept"))
	k.leaves(t)
}

// requireAuthority demands that clients can read the cluster's authority.
func requireAuthority(t *testing.T, cluster *types.Cluster) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(*cluster.CertificateAuthority.Data)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	authority, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.NoError(t, authority.CheckSignatureFrom(authority))
}

func (k kubernetes) refuses(t *testing.T) {
	t.Helper()
	ask := func(change func(*eks.CreateClusterInput)) error {
		in := &eks.CreateClusterInput{
			Name: aws.String("other"), RoleArn: aws.String(k.role), ResourcesVpcConfig: &types.VpcConfigRequest{SubnetIds: k.subnets},
		}
		change(in)
		_, err := k.CreateCluster(t.Context(), in)
		return err
	}
	requireCode(t, ask(func(in *eks.CreateClusterInput) { in.Name = aws.String("kept") }), "ResourceInUseException")
	requireCode(t, ask(func(in *eks.CreateClusterInput) { in.Version = aws.String("1.12") }), "InvalidParameterException")
	requireCode(t, ask(func(in *eks.CreateClusterInput) { in.RoleArn = aws.String(k.worker) }), "InvalidParameterException")
	requireCode(t, ask(func(in *eks.CreateClusterInput) { in.RoleArn = aws.String(k.role + "-none") }), "InvalidParameterException")
	requireCode(t, ask(func(in *eks.CreateClusterInput) { in.ResourcesVpcConfig.SubnetIds = k.subnets[:1] }), "InvalidParameterException")
	requireCode(t, ask(func(in *eks.CreateClusterInput) {
		in.EncryptionConfig = []types.EncryptionConfig{{Provider: &types.Provider{KeyArn: aws.String("arn:aws:kms:us-east-1:123456789012:key/none")}, Resources: []string{"secrets"}}}
	}), "InvalidParameterException")
	_, err := k.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("other")})
	requireCode(t, err, "ResourceNotFoundException")
	requireCode(t, k.nodes(t, "other", "workers"), "ResourceNotFoundException")
	_, err = k.CreateAddon(t.Context(), &eks.CreateAddonInput{ClusterName: aws.String("kept"), AddonName: aws.String("none")})
	requireCode(t, err, "InvalidParameterException")
	_, err = k.CreatePodIdentityAssociation(t.Context(), &eks.CreatePodIdentityAssociationInput{
		ClusterName: aws.String("kept"), Namespace: aws.String("a"), ServiceAccount: aws.String("a"), RoleArn: aws.String(k.worker),
	})
	requireCode(t, err, "InvalidParameterException")
}

// upgrades takes a cluster to the next version and no further; its nodes follow
// when they are told to.
func (k kubernetes) upgrades(t *testing.T) {
	t.Helper()
	to := func(version string) error {
		_, err := k.UpdateClusterVersion(t.Context(), &eks.UpdateClusterVersionInput{Name: aws.String("kept"), Version: aws.String(version)})
		return err
	}
	requireCode(t, to("1.33"), "InvalidParameterException")
	require.NoError(t, to("1.32"))
	requireCode(t, to("1.33"), "ResourceInUseException")
	require.Equal(t, "1.32", *k.active(t, "kept").Version)
	updates, err := k.ListUpdates(t.Context(), &eks.ListUpdatesInput{Name: aws.String("kept")})
	require.NoError(t, err)
	require.Len(t, updates.UpdateIds, 1)
	update, err := k.DescribeUpdate(t.Context(), &eks.DescribeUpdateInput{Name: aws.String("kept"), UpdateId: &updates.UpdateIds[0]})
	require.NoError(t, err)
	require.Equal(t, types.UpdateStatusSuccessful, update.Update.Status)
	require.Equal(t, "1.31", *k.workers(t).Version)
	_, err = k.UpdateNodegroupVersion(t.Context(), &eks.UpdateNodegroupVersionInput{ClusterName: aws.String("kept"), NodegroupName: aws.String("workers")})
	require.NoError(t, err)
	require.Equal(t, "1.32", *k.workers(t).Version)
}

// workers is the node group, once it is active.
func (k kubernetes) workers(t *testing.T) *types.Nodegroup {
	t.Helper()
	var group *types.Nodegroup
	require.Eventually(t, func() bool {
		found, err := k.DescribeNodegroup(t.Context(), &eks.DescribeNodegroupInput{ClusterName: aws.String("kept"), NodegroupName: aws.String("workers")})
		require.NoError(t, err)
		group = found.Nodegroup
		return group.Status == types.NodegroupStatusActive
	}, startPatience, pollPause)
	return group
}

func (k kubernetes) admits(t *testing.T) {
	t.Helper()
	of := &eks.ListAccessEntriesInput{ClusterName: aws.String("kept")}
	entries, err := k.ListAccessEntries(t.Context(), of)
	require.NoError(t, err)
	require.Equal(t, []string{k.worker}, entries.AccessEntries, "EKS admits the nodes itself")
	in := &eks.CreateAccessEntryInput{ClusterName: of.ClusterName, PrincipalArn: aws.String(k.role)}
	_, err = k.CreateAccessEntry(t.Context(), in)
	require.NoError(t, err)
	_, err = k.CreateAccessEntry(t.Context(), in)
	requireCode(t, err, "ResourceInUseException")
	associate := func(policy string) error {
		_, err := k.AssociateAccessPolicy(t.Context(), &eks.AssociateAccessPolicyInput{
			ClusterName: of.ClusterName, PrincipalArn: in.PrincipalArn, PolicyArn: aws.String("arn:aws:eks::aws:cluster-access-policy/" + policy),
			AccessScope: &types.AccessScope{Type: types.AccessScopeTypeCluster},
		})
		return err
	}
	requireCode(t, associate("None"), "ResourceNotFoundException")
	require.NoError(t, associate("AmazonEKSViewPolicy"))
	described, err := k.DescribeAccessEntry(t.Context(), &eks.DescribeAccessEntryInput{ClusterName: of.ClusterName, PrincipalArn: in.PrincipalArn})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::123456789012:assumed-role/control/{{SessionName}}", *described.AccessEntry.Username)
}

// leaves says that a cluster goes when its node groups have gone, and all of it
// with it.
func (k kubernetes) leaves(t *testing.T) {
	t.Helper()
	_, err := k.DeleteCluster(t.Context(), &eks.DeleteClusterInput{Name: aws.String("kept")})
	requireCode(t, err, "ResourceInUseException")
	group := k.workers(t)
	_, err = k.DeleteNodegroup(t.Context(), &eks.DeleteNodegroupInput{ClusterName: aws.String("kept"), NodegroupName: aws.String("workers")})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := k.DeleteCluster(t.Context(), &eks.DeleteClusterInput{Name: aws.String("kept")})
		return err == nil
	}, startPatience, pollPause)
	require.Eventually(t, func() bool {
		left, err := k.ListClusters(t.Context(), nil)
		require.NoError(t, err)
		return len(left.Clusters) == 0
	}, startPatience, pollPause)
	_, err = k.ListTagsForResource(t.Context(), &eks.ListTagsForResourceInput{ResourceArn: group.NodegroupArn})
	requireCode(t, err, "NotFoundException")
}
