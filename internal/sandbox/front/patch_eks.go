package front

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// eksPatches serve EKS clusters and all that belongs to them; the emulator has no
// add-ons, access entries, associations or updates. No Kubernetes API is behind a
// cluster's endpoint, and no instance behind a node group: the cluster's own
// security group and the groups' Auto Scaling groups are names alone. Whoever
// makes a cluster does not become its administrator by that.
func eksPatches() []patch {
	return append(acts("eks", clusterActs(), nodeGroupActs(), addonActs(), accessActs(), podIdentityActs(), kubernetesTagging().acts()),
		patch{service: "eks", action: "CreateCluster", act: createKubernetes, look: lookForKubernetes},
		patch{service: "eks", action: "UpdateClusterConfig", act: updateKubernetes, look: lookForKubernetes},
		patch{service: "eks", action: "AssociateEncryptionConfig", act: encryptKubernetes, look: lookForKubernetes},
		patch{service: "eks", action: "CreateNodegroup", act: createNodeGroup, look: lookForNodeGroup},
		patch{service: "eks", action: "UpdateNodegroupVersion", act: updateNodeGroupVersion, look: lookForNodeGroup},
		patch{service: "eks", action: "CreatePodIdentityAssociation", act: createPodIdentity, look: lookForPodRole},
		patch{service: "eks", action: "UpdatePodIdentityAssociation", act: updatePodIdentity, look: lookForPodRole},
		patch{service: "eks", action: "CreateAccessEntry", act: createAccessEntry, look: lookForAccessPrincipal},
	)
}

func kubernetesTagging() tagging {
	t := restTagging("tags")
	t.missing = func(arn string) error {
		return apiError("NotFoundException", http.StatusNotFound, "Resource "+arn+" does not exist.")
	}
	return t
}

func kubernetesMissing(message string) error {
	return apiError("ResourceNotFoundException", http.StatusNotFound, message)
}

func kubernetesInvalid(message string) error {
	return apiError("InvalidParameterException", http.StatusBadRequest, message)
}

func kubernetesTaken(message string) error {
	return apiError("ResourceInUseException", http.StatusConflict, message)
}

// sorted are the values of a map by its keys.
func sorted[V any](all map[string]V) []V {
	return each(slices.Sorted(maps.Keys(all)), func(key string) V { return all[key] })
}

// state is a phase's status as EKS writes it.
func (p *phase) state(m moment) string { return strings.ToUpper(p.status(m, "ACTIVE")) }

// kubernetes is the living cluster that the call's path names.
func (s *stores) kubernetes(m moment, c wire.Call) (*kubernetesCluster, error) {
	name := pathArg(c, "clusters")
	k := living(m, s.kubernetesClusters, c.Region+" "+name)
	if k == nil {
		return nil, kubernetesMissing("No cluster found for name: " + name + ".")
	}
	return k, nil
}

// idleKubernetes is a cluster that takes changes.
func (s *stores) idleKubernetes(m moment, c wire.Call) (*kubernetesCluster, error) {
	k, err := s.kubernetes(m, c)
	if err == nil && k.busy(m) {
		err = kubernetesTaken("Cluster " + k.name + " is " + k.state(m) + ": an update is in progress")
	}
	return k, err
}

// activeKubernetes is a cluster to which something can be added.
func (s *stores) activeKubernetes(m moment, c wire.Call) (*kubernetesCluster, error) {
	k, err := s.kubernetes(m, c)
	if state := k.stateOf(m); err == nil && state != "ACTIVE" && state != "UPDATING" {
		err = apiError("InvalidRequestException", http.StatusBadRequest, "Cluster "+k.name+" is "+state+", not ACTIVE.")
	}
	return k, err
}

// lookForKubernetes finds the subnets, the role and the key that a call names.
func lookForKubernetes(ctx context.Context, f *Front, c wire.Call) (facts, error) {
	var in kubernetesRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if in.RoleARN != "" {
		if err := f.roleTrusts(ctx, in.RoleARN, "eks.amazonaws.com", "sts:AssumeRole"); err != nil {
			return nil, err
		}
	}
	for _, one := range in.EncryptionConfig {
		if !f.keyExists(ctx, c.Region, one.Provider.KeyARN) {
			return nil, kubernetesInvalid("The KMS key " + one.Provider.KeyARN + " does not exist.")
		}
	}
	if in.Network == nil || len(in.Network.SubnetIDs) == 0 {
		return nil, nil
	}
	return f.kubernetesSubnets(ctx, c.Region, in.Network.SubnetIDs)
}

func (f *Front) kubernetesSubnets(ctx context.Context, region string, ids []string) (facts, error) {
	found, err := f.subnets(ctx, region, ids)
	if err != nil {
		return nil, kubernetesInvalid("The subnets must exist and be of one VPC.")
	}
	return subnetFacts(found)
}

// roleTrusts says that a role exists and that a service may do all that with it.
func (f *Front) roleTrusts(ctx context.Context, arn, service string, actions ...string) error {
	_, path, _ := strings.Cut(arn, ":role/")
	role, err := f.access.role(ctx, path[strings.LastIndexByte(path, '/')+1:])
	if errors.Is(err, errNoPrincipal) || err == nil && role.arn != arn {
		return kubernetesInvalid("The role " + arn + " does not exist.")
	}
	for _, action := range actions {
		if err == nil && !policy.AllowsService(role.trust, service, policy.Request{Action: action, Resource: policy.Unknown}) {
			err = kubernetesInvalid("The trust policy of role " + arn + " must allow " + action + " to " + service + ".")
		}
	}
	return err
}

// template is what node groups know of a launch template.
type template struct {
	ID     string `json:"id,omitempty" xml:"launchTemplateId"`
	Name   string `json:"name,omitempty" xml:"launchTemplateName"`
	Latest int    `json:"-" xml:"latestVersionNumber"`
	// Version is the one that is asked for.
	Version string `json:"version,omitempty" xml:"-"`
}

// lookForNodeGroup finds the launch template, the subnets and the role that a
// call names.
func lookForNodeGroup(ctx context.Context, f *Front, c wire.Call) (facts, error) {
	var in nodeGroupRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if in.NodeRole != "" {
		if err := f.roleTrusts(ctx, in.NodeRole, "ec2.amazonaws.com", "sts:AssumeRole"); err != nil {
			return nil, err
		}
	}
	known := facts{}
	if in.Template != nil {
		found, err := f.template(ctx, c.Region, *in.Template)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(found)
		if err != nil {
			return nil, err
		}
		known["template"] = string(text)
	}
	if len(in.Subnets) == 0 {
		return known, nil
	}
	more, err := f.kubernetesSubnets(ctx, c.Region, in.Subnets)
	maps.Copy(known, more)
	return known, err
}

// template asks a region's emulator for a launch template and its version.
func (f *Front) template(ctx context.Context, region string, asked template) (template, error) {
	missing := kubernetesInvalid("The launch template " + asked.ID + asked.Name + " with version " + asked.Version + " does not exist.")
	parameters := map[string]string{"LaunchTemplateId.1": asked.ID}
	if asked.ID == "" {
		parameters = map[string]string{"LaunchTemplateName.1": asked.Name}
	}
	resp, err := f.perform(ctx, askQuery("ec2", region, "DescribeLaunchTemplates", "2016-11-15", parameters))
	if err != nil {
		return template{}, err
	}
	var found struct {
		Templates []template `xml:"launchTemplates>item"`
	}
	if resp.Status != http.StatusOK || xml.Unmarshal(resp.Body, &found) != nil || len(found.Templates) != 1 {
		return template{}, missing
	}
	one := found.Templates[0]
	if one.Version = asked.Version; one.Version == "" || one.Version == "$Latest" || one.Version == "$Default" {
		one.Version = strconv.Itoa(one.Latest)
	}
	if n, err := strconv.Atoi(one.Version); err != nil || n < 1 || n > one.Latest {
		return template{}, missing
	}
	return one, nil
}

// template is the one that lookForNodeGroup found, if any.
func (m moment) template() *template {
	if m.facts["template"] == "" {
		return nil
	}
	var found template
	_ = json.Unmarshal([]byte(m.facts["template"]), &found) // the front's own text
	return &found
}
