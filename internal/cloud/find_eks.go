package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/aegisworld/aegis"
)

// findKubernetes returns the name of an EKS cluster.
func findKubernetes(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	found, err := c.eks().DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String(name)})
	if err != nil || found.Cluster.Status == types.ClusterStatusDeleting || !ours(found.Cluster.Tags, lookup) {
		return "", err
	}
	return name, nil
}

// findNodeGroup returns cluster:group, as the provider names a node group.
func findNodeGroup(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	cluster, group := input(lookup, "cluster_name"), input(lookup, "node_group_name")
	found, err := c.eks().DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{
		ClusterName: aws.String(cluster), NodegroupName: aws.String(group),
	})
	if err != nil || found.Nodegroup.Status == types.NodegroupStatusDeleting || !ours(found.Nodegroup.Tags, lookup) {
		return "", err
	}
	return cluster + ":" + group, nil
}

// findAddon returns cluster:addon.
func findAddon(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	cluster, name := input(lookup, "cluster_name"), input(lookup, "addon_name")
	found, err := c.eks().DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: aws.String(cluster), AddonName: aws.String(name)})
	if err != nil || found.Addon.Status == types.AddonStatusDeleting || !ours(found.Addon.Tags, lookup) {
		return "", err
	}
	return cluster + ":" + name, nil
}

// findAccessEntry returns cluster:principal.
func findAccessEntry(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	cluster, principal := input(lookup, "cluster_name"), input(lookup, "principal_arn")
	found, err := c.eks().DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{
		ClusterName: aws.String(cluster), PrincipalArn: aws.String(principal),
	})
	if err != nil || !ours(found.AccessEntry.Tags, lookup) {
		return "", err
	}
	return cluster + ":" + principal, nil
}

// findPodIdentity returns cluster,association of a service account, which has one
// at most.
func findPodIdentity(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	cluster := aws.String(input(lookup, "cluster_name"))
	listed, err := c.eks().ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{
		ClusterName: cluster, Namespace: aws.String(input(lookup, "namespace")), ServiceAccount: aws.String(input(lookup, "service_account")),
	})
	if err != nil || len(listed.Associations) == 0 {
		return "", err
	}
	id := listed.Associations[0].AssociationId
	found, err := c.eks().DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: cluster, AssociationId: id})
	if err != nil || !ours(found.Association.Tags, lookup) {
		return "", err
	}
	return *cluster + "," + aws.ToString(id), nil
}

// describeKubernetes tells status and version, of an EKS cluster by its name.
func describeKubernetes(ctx context.Context, c clients, id string) (map[string]string, error) {
	found, err := c.eks().DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": string(found.Cluster.Status), "version": aws.ToString(found.Cluster.Version)}, nil
}

// describeNodeGroup tells status and version, of a managed node group by
// cluster:group.
func describeNodeGroup(ctx context.Context, c clients, id string) (map[string]string, error) {
	cluster, group, _ := strings.Cut(id, ":")
	found, err := c.eks().DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String(cluster), NodegroupName: aws.String(group)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": string(found.Nodegroup.Status), "version": aws.ToString(found.Nodegroup.Version)}, nil
}

// describeAddon tells status and version, of an add-on by cluster:addon.
func describeAddon(ctx context.Context, c clients, id string) (map[string]string, error) {
	cluster, name, _ := strings.Cut(id, ":")
	found, err := c.eks().DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: aws.String(cluster), AddonName: aws.String(name)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": string(found.Addon.Status), "version": aws.ToString(found.Addon.AddonVersion)}, nil
}
