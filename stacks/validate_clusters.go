package stacks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

var (
	roleARN       = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`)
	addonVersion  = regexp.MustCompile(`^v[0-9]+[.][0-9]+[.][0-9]+-eksbuild[.][0-9]+$`)
	instanceNamed = regexp.MustCompile(`^[a-z][a-z0-9-]*[.][a-z0-9]+$`)
)

// maxNodeGroup is EKS's limit of a node group's name.
const maxNodeGroup = 63

func clusterRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.RuntimeSpec) {
	names := map[string]string{}
	for _, name := range sortedKeys(params.Clusters) {
		cluster, field := params.Clusters[name], "parameters.clusters."+name
		cidrRules(faults, field+".public_cidrs", cluster.PublicCIDRs)
		twice(faults, field+".admins", cluster.Admins)
		for i, arn := range cluster.Admins {
			if !roleARN.MatchString(arn) {
				faults.Add(fmt.Sprintf("%s.admins.%d", field, i), fmt.Sprintf("%q is not the ARN of an IAM role", arn))
			}
		}
		addonRules(faults, field, cluster)
		if len(cluster.NodeGroups) == 0 {
			faults.Add(field+".node_groups", "needs at least one: "+addonDNS+" runs on nodes")
		}
		for _, group := range sortedKeys(cluster.NodeGroups) {
			at := field + ".node_groups." + group
			nodeGroupRules(faults, at, cluster.NodeGroups[group])
			full := (&stack{spec: spec}).local(name + "-" + group)
			if len(full) > maxNodeGroup {
				faults.Add(at, fmt.Sprintf("its name %s has more than %d characters", full, maxNodeGroup))
			}
			if other, taken := names[full]; taken {
				faults.Add(at, "has the same full name as "+other)
			}
			names[full] = at
		}
		identityRules(faults, field, cluster)
	}
}

func addonRules(faults *aegis.InvalidError, field string, cluster aegis.ClusterSpec) {
	for _, addon := range sortedKeys(cluster.AddonVersions) {
		at := field + ".addon_versions." + addon
		if known := append(nodeAddons(), addonDNS); !slices.Contains(known, addon) {
			faults.Add(at, "is not one of the add-ons: "+strings.Join(known, ", "))
		}
		if version := cluster.AddonVersions[addon]; !addonVersion.MatchString(version) {
			faults.Add(at, fmt.Sprintf("%q is not a version such as v1.11.4-eksbuild.2", version))
		}
	}
}

func nodeGroupRules(faults *aegis.InvalidError, field string, group aegis.NodeGroupSpec) {
	if group.Min > group.Desired {
		faults.Add(field+".min", fmt.Sprintf("%d is above desired %d", group.Min, group.Desired))
	}
	if group.Desired > group.Max {
		faults.Add(field+".desired", fmt.Sprintf("%d is above max %d", group.Desired, group.Max))
	}
	twice(faults, field+".instance_types", group.InstanceTypes)
	for i, kind := range group.InstanceTypes {
		at := fmt.Sprintf("%s.instance_types.%d", field, i)
		switch {
		case !instanceNamed.MatchString(kind):
			faults.Add(at, fmt.Sprintf("%q is not an instance type such as m7g.large", kind))
		case arm(kind) != arm(group.InstanceTypes[0]):
			faults.Add(at, fmt.Sprintf("%q has another processor architecture than %q", kind, group.InstanceTypes[0]))
		}
	}
}

// identityRules demand that a service account has one role.
func identityRules(faults *aegis.InvalidError, field string, cluster aegis.ClusterSpec) {
	accounts := map[string]string{}
	for _, name := range sortedKeys(cluster.PodIdentities) {
		identity := cluster.PodIdentities[name]
		account := identity.Namespace + "/" + identity.ServiceAccount
		if other, taken := accounts[account]; taken {
			faults.Add(field+".pod_identities."+name, "is for the service account of "+other+", which can have one role")
		}
		accounts[account] = name
	}
}

// clusterRoleRules demand the roles and the zones that a cluster is to have.
func clusterRoleRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	roles, zones := map[string]map[string]aegis.WorkloadRole{}, map[string]int{}
	for _, security := range ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity) {
		roles[security.spec.Region] = security.of.WorkloadRoles
	}
	for _, network := range ofLayer[aegis.NetworkSpec](specs, aegis.LayerNetwork) {
		zones[network.spec.Region] = network.of.Zones
	}
	for _, runtime := range ofLayer[aegis.RuntimeSpec](specs, aegis.LayerRuntime) {
		region := runtime.spec.Region
		for _, name := range sortedKeys(runtime.of.Clusters) {
			field := StackID(runtime.spec) + ".parameters.clusters." + name
			need := func(field, role, service string, policies ...string) {
				roleRules(faults, field, role, roles[region][role], service, policies)
			}
			need(field, aegis.ClusterRole, serviceEKS, "AmazonEKSClusterPolicy")
			need(field, aegis.ClusterNodeRole, serviceEC2,
				"AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy")
			for _, identity := range sortedKeys(runtime.of.Clusters[name].PodIdentities) {
				need(field+".pod_identities."+identity+".role", runtime.of.Clusters[name].PodIdentities[identity].Role, servicePods)
			}
			if zones[region] < 2 {
				faults.Add(field, "needs at least 2 zones in layer network of the region")
			}
		}
	}
}
