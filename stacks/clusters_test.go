package stacks_test

import (
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

const clusterRoles = `{"workload_roles":{
	"cluster":{"service":"eks.amazonaws.com","managed_policies":["AmazonEKSClusterPolicy"]},
	"cluster-node":{"service":"ec2.amazonaws.com","managed_policies":["AmazonEC2ContainerRegistryPullOnly","AmazonEKSWorkerNodePolicy","AmazonEKS_CNI_Policy"]},
	"control-plane":{"service":"pods.eks.amazonaws.com"}},"stores":{"bucket":"artifacts"}}`

// clustered is a patch of layer runtime with a cluster, changed by a patch.
func clustered(patch string) string {
	text, err := jsonpatch.MergePatch([]byte(`{"version":"1.33","node_groups":{"a":{"instance_types":["m7g.large"],"min":1,"desired":2,"max":3,"volume_gib":50}},
		"executor_admin":true,"admins":["arn:aws:iam::123456789012:role/admin"],"addon_versions":{"coredns":"v1.11.4-eksbuild.2"},
		"pod_identities":{"autopilot":{"namespace":"aegis","service_account":"aegis","role":"control-plane"}}}`), []byte(patch))
	if err != nil {
		panic(err)
	}
	return `{"clusters":{"main":` + string(text) + `}}`
}

func TestClusterIsHardened(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerRuntime, clustered(`{}`)))
	cluster := of(t, all, "aws_eks_cluster")[0].inputs
	require.Equal(t, "arn:cluster", cluster["roleArn"].StringValue())
	network := cluster["vpcConfig"].ObjectValue()
	require.False(t, network["endpointPublicAccess"].BoolValue())
	require.True(t, network["endpointPrivateAccess"].BoolValue())
	require.Len(t, network["subnetIds"].ArrayValue(), 2)
	require.Len(t, cluster["enabledClusterLogTypes"].ArrayValue(), 5)
	access := cluster["accessConfig"].ObjectValue()
	require.Equal(t, "API", access["authenticationMode"].StringValue())
	require.False(t, access["bootstrapClusterCreatorAdminPermissions"].BoolValue())
	require.Equal(t, "arn:data", cluster["encryptionConfig"].ObjectValue()["provider"].ObjectValue()["keyArn"].StringValue())

	nodes := of(t, all, "aws_eks_node_group")[0].inputs
	require.Equal(t, "arn:cluster-node", nodes["nodeRoleArn"].StringValue())
	require.Equal(t, "AL2023_ARM_64_STANDARD", nodes["amiType"].StringValue())
	for _, template := range of(t, all, "aws_launch_template") {
		require.Equal(t, "required", template.inputs["metadataOptions"].ObjectValue()["httpTokens"].StringValue())
	}

	addons := map[string]bool{}
	for _, addon := range of(t, all, "aws_eks_addon") {
		addons[addon.inputs["addonName"].StringValue()] = addon.inputs["addonVersion"].HasValue()
	}
	require.Equal(t, map[string]bool{"coredns": true, "eks-pod-identity-agent": false, "kube-proxy": false, "vpc-cni": false}, addons)
	require.Len(t, of(t, all, "aws_eks_access_entry"), 2)
	require.Len(t, of(t, all, "aws_eks_access_policy_association"), 2)
	require.Equal(t, "arn:control-plane", of(t, all, "aws_eks_pod_identity_association")[0].inputs["roleArn"].StringValue())
}

func TestClusterIsPublicOnlyToRanges(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerRuntime, clustered(`{"public_cidrs":["192.0.2.0/24"]}`)))
	network := of(t, all, "aws_eks_cluster")[0].inputs["vpcConfig"].ObjectValue()
	require.True(t, network["endpointPublicAccess"].BoolValue())
	require.Equal(t, "192.0.2.0/24", network["publicAccessCidrs"].ArrayValue()[0].StringValue())
}

func TestClusterRolesAreBounded(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerSecurity, clusterRoles))
	for _, role := range of(t, all, "aws_iam_role") {
		require.NotEmpty(t, role.inputs["permissionsBoundary"].StringValue())
		if role.inputs["name"].StringValue() == "aegis-dev-us-east-1-control-plane" {
			require.Contains(t, role.inputs["assumeRolePolicy"].StringValue(), "sts:TagSession")
		}
	}
	var attached []string
	for _, attachment := range of(t, all, "aws_iam_role_policy_attachment") {
		attached = append(attached, attachment.name)
	}
	require.ElementsMatch(t, []string{
		"cluster-AmazonEKSClusterPolicy", "cluster-node-AmazonEC2ContainerRegistryPullOnly", "cluster-node-AmazonEKSWorkerNodePolicy",
		"cluster-node-AmazonEKS_CNI_Policy", "control-plane-stores",
	}, attached)
}

// An administrator's resources keep their name when others come before.
func TestClusterAdminsHaveStableNames(t *testing.T) {
	t.Parallel()
	names := func(admins string) []string {
		var all []string
		for _, entry := range of(t, declare(t, specOf(t, aegis.LayerRuntime, clustered(`{"executor_admin":false,"admins":`+admins+`}`))), "aws_eks_access_entry") {
			all = append(all, entry.name)
		}
		return all
	}
	one := names(`["arn:aws:iam::123456789012:role/b/admin"]`)
	require.Len(t, one, 1)
	require.Regexp(t, `^main-admin-admin-[0-9a-f]{8}$`, one[0])
	require.Subset(t, names(`["arn:aws:iam::123456789012:role/a/admin","arn:aws:iam::123456789012:role/x,y","arn:aws:iam::123456789012:role/b/admin"]`), one)
}

func TestClusterNeedsItsRoles(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1"}
	err := planned(t, regions, map[string]string{"runtime": clustered(`{}`)})
	const field = "dev.runtime.us-east-1.parameters.clusters.main"
	requireFault(t, err, field, "needs workload_roles.cluster with service eks.amazonaws.com")
	requireFault(t, err, field+".pod_identities.autopilot.role", "with service pods.eks.amazonaws.com")
	require.NoError(t, planned(t, regions, map[string]string{"runtime": clustered(`{}`), "security": clusterRoles}))
}
