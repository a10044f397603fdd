package stacks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const (
	serviceEKS   = "eks.amazonaws.com"
	servicePods  = "pods.eks.amazonaws.com"
	addonDNS     = "coredns"
	clusterAdmin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
)

// nodeAddons are what a node needs before it is ready; addonDNS runs on nodes.
func nodeAddons() []string { return []string{"eks-pod-identity-agent", "kube-proxy", "vpc-cni"} }

// clusters declares the region's EKS clusters with all that belongs to them.
func clusters(s *stack, params aegis.RuntimeSpec, network NetworkOutputs, security SecurityOutputs) error {
	endpoints := pulumi.StringMap{}
	for _, name := range sortedKeys(params.Clusters) {
		made, err := cluster(s, name, params.Clusters[name], network, security)
		if err != nil {
			return err
		}
		endpoints[name] = made.Endpoint
	}
	if len(endpoints) > 0 {
		s.output("cluster_endpoints", endpoints)
	}
	return nil
}

func cluster(s *stack, name string, spec aegis.ClusterSpec, network NetworkOutputs, security SecurityOutputs) (*eks.Cluster, error) {
	role, err := roleOf(s, security, aegis.ClusterRole)
	if err != nil {
		return nil, err
	}
	private := eks.ClusterVpcConfigArgs{
		SubnetIds:             pulumi.ToStringArray(network.PrivateSubnetIDs),
		EndpointPrivateAccess: pulumi.Bool(true), EndpointPublicAccess: pulumi.Bool(len(spec.PublicCIDRs) > 0),
	}
	if len(spec.PublicCIDRs) > 0 {
		private.PublicAccessCidrs = pulumi.ToStringArray(spec.PublicCIDRs)
	}
	made, err := eks.NewCluster(s.ctx, name, &eks.ClusterArgs{
		Name:    pulumi.String(s.imports.id("aws_eks_cluster", name, s.local(name))),
		Version: pulumi.String(spec.Version), RoleArn: pulumi.String(role), VpcConfig: private,
		AccessConfig: eks.ClusterAccessConfigArgs{
			AuthenticationMode: pulumi.String("API"), BootstrapClusterCreatorAdminPermissions: pulumi.Bool(false),
		},
		BootstrapSelfManagedAddons: pulumi.Bool(false),
		EnabledClusterLogTypes:     pulumi.ToStringArray([]string{"api", "audit", "authenticator", "controllerManager", "scheduler"}),
		EncryptionConfig: eks.ClusterEncryptionConfigArgs{
			Provider:  eks.ClusterEncryptionConfigProviderArgs{KeyArn: pulumi.String(security.DataKeyARN)},
			Resources: pulumi.ToStringArray([]string{"secrets"}),
		},
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	if err := populate(s, name, made, spec, network, security); err != nil {
		return nil, err
	}
	if err := admit(s, name, made, spec, security); err != nil {
		return nil, err
	}
	s.check("cluster "+name+" active", "aws_eks_cluster", made.Name, map[string]string{"status": "ACTIVE", "version": spec.Version})
	return made, nil
}

// populate declares the nodes between the add-ons that they need and the one
// that needs them.
func populate(
	s *stack, name string, made *eks.Cluster, spec aegis.ClusterSpec, network NetworkOutputs, security SecurityOutputs,
) error {
	var needed, groups []pulumi.Resource
	for _, addon := range nodeAddons() {
		one, err := clusterAddon(s, name, made, addon, spec.AddonVersions[addon])
		if err != nil {
			return err
		}
		needed = append(needed, one)
	}
	role, err := roleOf(s, security, aegis.ClusterNodeRole)
	if err != nil {
		return err
	}
	for _, group := range sortedKeys(spec.NodeGroups) {
		full := name + "-" + group
		one, err := nodeGroup(s, full, made, spec.Version, spec.NodeGroups[group], role, network.PrivateSubnetIDs, needed)
		if err != nil {
			return err
		}
		s.check("node group "+full+" active", "aws_eks_node_group", one.ID(), map[string]string{"status": "ACTIVE", "version": spec.Version})
		groups = append(groups, one)
	}
	dns, err := clusterAddon(s, name, made, addonDNS, spec.AddonVersions[addonDNS], groups...)
	if err != nil {
		return err
	}
	s.check("add-on "+addonDNS+" of cluster "+name+" active", "aws_eks_addon", dns.ID(), map[string]string{"status": "ACTIVE"})
	return nil
}

func clusterAddon(s *stack, name string, made *eks.Cluster, addon, version string, after ...pulumi.Resource) (*eks.Addon, error) {
	args := &eks.AddonArgs{
		ClusterName: made.Name, AddonName: pulumi.String(addon),
		ResolveConflictsOnCreate: pulumi.String("OVERWRITE"), ResolveConflictsOnUpdate: pulumi.String("OVERWRITE"),
	}
	if version != "" {
		args.AddonVersion = pulumi.String(version)
	}
	return eks.NewAddon(s.ctx, name+"-"+addon, args, s.opts(pulumi.DependsOn(after))...)
}

// nodeGroup declares managed nodes with metadata by session tokens, which pods
// cannot reach, and an encrypted volume. They follow the cluster's version.
func nodeGroup(
	s *stack, name string, made *eks.Cluster, version string, spec aegis.NodeGroupSpec, role string, subnets []string, after []pulumi.Resource,
) (*eks.NodeGroup, error) {
	template, err := ec2.NewLaunchTemplate(s.ctx, name, &ec2.LaunchTemplateArgs{
		Name: pulumi.String(s.local(name)), UpdateDefaultVersion: pulumi.Bool(true),
		MetadataOptions: tokensOnly(), BlockDeviceMappings: encryptedVolume(spec.VolumeGiB),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	image := "AL2023_x86_64_STANDARD"
	if arm(spec.InstanceTypes[0]) {
		image = "AL2023_ARM_64_STANDARD"
	}
	tags := map[string]string{TagInstanceType: spec.InstanceTypes[0], TagVolumeGiB: strconv.Itoa(spec.VolumeGiB)}
	return eks.NewNodeGroup(s.ctx, name, &eks.NodeGroupArgs{
		ClusterName: made.Name, NodeGroupName: pulumi.String(s.local(name)), Version: pulumi.String(version), NodeRoleArn: pulumi.String(role),
		SubnetIds: pulumi.ToStringArray(subnets), InstanceTypes: pulumi.ToStringArray(spec.InstanceTypes), AmiType: pulumi.String(image),
		ScalingConfig: eks.NodeGroupScalingConfigArgs{
			MinSize: pulumi.Int(spec.Min), DesiredSize: pulumi.Int(spec.Desired), MaxSize: pulumi.Int(spec.Max),
		},
		LaunchTemplate: eks.NodeGroupLaunchTemplateArgs{
			Id: template.ID(), Version: pulumi.Sprintf("%d", template.LatestVersion),
		},
		Tags: pulumi.ToStringMap(tags),
	}, s.opts(pulumi.DependsOn(after))...)
}

// admit declares who administers the cluster and which roles its pods have.
func admit(s *stack, name string, made *eks.Cluster, spec aegis.ClusterSpec, security SecurityOutputs) error {
	admins := map[string]string{}
	for _, arn := range spec.Admins {
		admins[adminName(arn)] = arn
	}
	if spec.ExecutorAdmin {
		admins["executor"] = security.ExecutorRoleARN
	}
	for _, admin := range sortedKeys(admins) {
		entry, err := eks.NewAccessEntry(s.ctx, name+"-"+admin, &eks.AccessEntryArgs{
			ClusterName: made.Name, PrincipalArn: pulumi.String(admins[admin]),
		}, s.opts()...)
		if err != nil {
			return err
		}
		if _, err := eks.NewAccessPolicyAssociation(s.ctx, name+"-"+admin, &eks.AccessPolicyAssociationArgs{
			ClusterName: made.Name, PrincipalArn: entry.PrincipalArn, PolicyArn: pulumi.String(clusterAdmin),
			AccessScope: eks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")},
		}, s.opts()...); err != nil {
			return err
		}
	}
	for _, identity := range sortedKeys(spec.PodIdentities) {
		of := spec.PodIdentities[identity]
		role, err := roleOf(s, security, of.Role)
		if err != nil {
			return err
		}
		if _, err := eks.NewPodIdentityAssociation(s.ctx, name+"-"+identity, &eks.PodIdentityAssociationArgs{
			ClusterName: made.Name, Namespace: pulumi.String(of.Namespace), ServiceAccount: pulumi.String(of.ServiceAccount),
			RoleArn: pulumi.String(role),
		}, s.opts()...); err != nil {
			return err
		}
	}
	return nil
}

// unnamed are characters of a principal's name that tags do not take.
var unnamed = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// adminName names an administrator by its principal, so that it stays the same
// when others come and go.
func adminName(arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return "admin-" + unnamed.ReplaceAllString(arn[strings.LastIndexByte(arn, '/')+1:], "-") + "-" + hex.EncodeToString(sum[:4])
}

func roleOf(s *stack, security SecurityOutputs, name string) (string, error) {
	arn, ok := security.WorkloadRoleARNs[name]
	if !ok {
		return "", fmt.Errorf("stack %s has no workload role %q", stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region), name)
	}
	return arn, nil
}
