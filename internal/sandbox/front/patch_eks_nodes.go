package front

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func nodeGroupActs() map[string]act {
	return map[string]act{
		"DescribeNodegroup": describeNodeGroup, "ListNodegroups": listNodeGroups, "UpdateNodegroupConfig": updateNodeGroup,
		"DeleteNodegroup": deleteNodeGroup,
	}
}

// nodeGroup is a managed node group.
type nodeGroup struct {
	phase

	name, cluster, arn, id, version, role, image, capacity string
	instanceTypes, subnets                                 []string
	scaling                                                nodeScaling
	labels                                                 map[string]string
	taints                                                 []nodeTaint
	disk                                                   int
	template                                               *template
	rollout, repair                                        map[string]any
}

type nodeScaling struct {
	Min     int `json:"minSize"`
	Max     int `json:"maxSize"`
	Desired int `json:"desiredSize"`
}

type nodeTaint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

type nodeGroupRequest struct {
	NodegroupName, Version, NodeRole, AmiType, CapacityType string
	InstanceTypes, Subnets                                  []string
	DiskSize                                                int
	ScalingConfig                                           *nodeScaling
	Labels, Tags                                            map[string]string
	Taints                                                  []nodeTaint
	Template                                                *template `json:"launchTemplate"`
	UpdateConfig, NodeRepairConfig, RemoteAccess            map[string]any
}

func createNodeGroup(s *stores, m moment, c wire.Call) (any, error) {
	var in nodeGroupRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.activeKubernetes(m, c)
	if err != nil {
		return nil, err
	}
	g := &nodeGroup{
		phase: begun(m, "CREATING"), name: in.NodegroupName, cluster: k.name, id: m.uuid(), version: cmp.Or(in.Version, k.version), role: in.NodeRole,
		image: in.AmiType, capacity: in.CapacityType, instanceTypes: in.InstanceTypes, subnets: in.Subnets, labels: in.Labels, taints: in.Taints,
		disk: in.DiskSize, template: m.template(), rollout: in.UpdateConfig, repair: in.NodeRepairConfig,
		scaling: nodeScaling{Min: 1, Max: 2, Desired: 2},
	}
	if in.ScalingConfig != nil {
		g.scaling = *in.ScalingConfig
	}
	if err := g.check(m, k, in); err != nil {
		return nil, err
	}
	g.complete()
	g.arn = s.arn(c, strings.Join([]string{"nodegroup", k.name, g.name, g.id}, "/"))
	k.groups[g.name] = g
	s.tags.set(g.arn, in.Tags)
	s.admitNodes(m, c, k, g.role)
	return map[string]any{"nodegroup": s.describeNodeGroup(m, g)}, nil
}

// check says what is wrong with a group that is to be made.
func (g *nodeGroup) check(m moment, k *kubernetesCluster, in nodeGroupRequest) error {
	switch {
	case !kubernetesName.MatchString(g.name) || len(g.name) > 63:
		return kubernetesInvalid("The nodegroup's name is not valid.")
	case living(m, k.groups, g.name) != nil:
		return kubernetesTaken("NodeGroup already exists with name " + g.name + " and cluster name " + k.name)
	case g.version != k.version:
		return kubernetesInvalid("Requested Nodegroup kubernetes version " + g.version + " is not the cluster's, " + k.version)
	case g.role == "":
		return kubernetesInvalid("The nodegroup's role is missing.")
	case len(m.subnets()) == 0 || m.subnets()[0].VPC != k.subnets[0].VPC:
		return kubernetesInvalid("The nodegroup's subnets must be of the cluster's VPC.")
	case in.RemoteAccess != nil && in.Template != nil, in.DiskSize != 0 && in.Template != nil:
		return kubernetesInvalid("Remote access and disk size belong into the launch template when there is one.")
	case in.RemoteAccess != nil:
		return kubernetesInvalid("The sandbox has no remote access to nodes.")
	}
	return g.scaling.check()
}

func (n nodeScaling) check() error {
	switch {
	case n.Min < 0 || n.Max < 1 || n.Min > n.Max:
		return kubernetesInvalid("Minimum capacity can't be greater than maximum capacity, which is at least 1")
	case n.Desired < n.Min:
		return kubernetesInvalid("Minimum capacity can't be greater than desired size")
	case n.Desired > n.Max:
		return kubernetesInvalid("desired capacity can't be greater than max size")
	}
	return nil
}

// complete sets what was not asked for.
func (g *nodeGroup) complete() {
	g.image, g.capacity = cmp.Or(g.image, "AL2023_x86_64_STANDARD"), cmp.Or(g.capacity, "ON_DEMAND")
	if g.rollout == nil {
		g.rollout = map[string]any{"maxUnavailable": 1}
	}
	if g.template == nil {
		g.disk = max(g.disk, 20)
		if len(g.instanceTypes) == 0 {
			g.instanceTypes = []string{"t3.medium"}
		}
	}
}

func (s *stores) nodeGroup(m moment, c wire.Call) (*kubernetesCluster, *nodeGroup, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, nil, err
	}
	g := living(m, k.groups, pathArg(c, "node-groups"))
	if g == nil {
		return k, nil, kubernetesMissing("No node group found for name: " + pathArg(c, "node-groups") + ".")
	}
	return k, g, nil
}

// idleNodeGroup is a group that takes changes.
func (s *stores) idleNodeGroup(m moment, c wire.Call) (*kubernetesCluster, *nodeGroup, error) {
	k, g, err := s.nodeGroup(m, c)
	if err == nil && g.busy(m) {
		err = kubernetesTaken("Nodegroup " + g.name + " is " + g.state(m) + ".")
	}
	return k, g, err
}

func (s *stores) describeNodeGroup(m moment, g *nodeGroup) map[string]any {
	told := map[string]any{
		"nodegroupName": g.name, "nodegroupArn": g.arn, "clusterName": g.cluster, "version": g.version,
		"releaseVersion": g.version + ".0-20250601", "createdAt": unix(g.created), "modifiedAt": unix(g.ready), "status": g.state(m),
		"capacityType": g.capacity, "scalingConfig": g.scaling, "subnets": g.subnets, "amiType": g.image, "nodeRole": g.role,
		"labels": g.labels, "taints": g.taints, "updateConfig": g.rollout, "tags": s.tags[g.arn], "health": map[string]any{"issues": []any{}},
		"resources": map[string]any{"autoScalingGroups": []any{map[string]any{"name": "eks-" + g.name + "-" + g.id}}},
	}
	if len(g.instanceTypes) > 0 {
		told["instanceTypes"] = g.instanceTypes
	}
	if g.disk > 0 {
		told["diskSize"] = g.disk
	}
	if g.template != nil {
		told["launchTemplate"] = g.template
	}
	if g.repair != nil {
		told["nodeRepairConfig"] = g.repair
	}
	return told
}

func describeNodeGroup(s *stores, m moment, c wire.Call) (any, error) {
	_, g, err := s.nodeGroup(m, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"nodegroup": s.describeNodeGroup(m, g)}, nil
}

func listNodeGroups(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, g := range sorted(k.groups) {
		if !g.gone(m) {
			names = append(names, g.name)
		}
	}
	return map[string]any{"nodegroups": names}, nil
}

func updateNodeGroup(s *stores, m moment, c wire.Call) (any, error) {
	var in struct {
		Labels struct {
			Set    map[string]string `json:"addOrUpdateLabels"`
			Remove []string          `json:"removeLabels"`
		}
		Taints struct {
			Set    []nodeTaint `json:"addOrUpdateTaints"`
			Remove []nodeTaint `json:"removeTaints"`
		}
		ScalingConfig                  *nodeScaling
		UpdateConfig, NodeRepairConfig map[string]any
	}
	k, g, err := s.idleNodeGroup(m, c)
	if err != nil {
		return nil, err
	}
	in.ScalingConfig = &nodeScaling{Min: g.scaling.Min, Max: g.scaling.Max, Desired: g.scaling.Desired}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if in.ScalingConfig == nil {
		in.ScalingConfig = &g.scaling
	}
	if err := in.ScalingConfig.check(); err != nil {
		return nil, err
	}
	g.scaling = *in.ScalingConfig
	labels := map[string]string{}
	maps.Copy(labels, g.labels)
	maps.Copy(labels, in.Labels.Set)
	maps.DeleteFunc(labels, func(key, _ string) bool { return slices.Contains(in.Labels.Remove, key) })
	g.labels = labels
	changed := slices.Concat(in.Taints.Set, in.Taints.Remove)
	kept := slices.DeleteFunc(slices.Clone(g.taints), func(t nodeTaint) bool {
		return slices.ContainsFunc(changed, func(of nodeTaint) bool { return of.Key == t.Key && of.Effect == t.Effect })
	})
	g.taints = append(kept, in.Taints.Set...)
	if in.UpdateConfig != nil {
		g.rollout = in.UpdateConfig
	}
	if in.NodeRepairConfig != nil {
		g.repair = in.NodeRepairConfig
	}
	g.change(m, "UPDATING")
	return k.update(m, "ConfigUpdate", "nodegroup/"+g.name, nil), nil
}

// updateNodeGroupVersion takes a group to the cluster's version, or to another
// version of its launch template.
func updateNodeGroupVersion(s *stores, m moment, c wire.Call) (any, error) {
	var in nodeGroupRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, g, err := s.idleNodeGroup(m, c)
	if err != nil {
		return nil, err
	}
	version, of := cmp.Or(in.Version, k.version), m.template()
	switch {
	case minorOf(version) < minorOf(g.version) || minorOf(version) > minorOf(k.version):
		return nil, kubernetesInvalid("Nodegroup " + g.name + " of version " + g.version + " can't be updated to version " + version)
	case of != nil && (g.template == nil || g.template.ID != of.ID):
		return nil, kubernetesInvalid("You cannot specify a launch template other than the nodegroup's own.")
	case of != nil:
		g.template = of
	}
	g.version = version
	g.change(m, "UPDATING")
	return k.update(m, "VersionUpdate", "nodegroup/"+g.name, map[string]string{"Version": version}), nil
}

func deleteNodeGroup(s *stores, m moment, c wire.Call) (any, error) {
	_, g, err := s.idleNodeGroup(m, c)
	if err != nil {
		return nil, err
	}
	g.deleted = m.at
	told := s.describeNodeGroup(m, g)
	delete(s.tags, g.arn)
	return map[string]any{"nodegroup": told}, nil
}
