package front

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func addonActs() map[string]act {
	return map[string]act{
		"CreateAddon": createAddon, "DescribeAddon": describeAddon, "ListAddons": listAddons, "UpdateAddon": updateAddon, "DeleteAddon": deleteAddon,
	}
}

// kubernetesAddon is an add-on of a cluster.
type kubernetesAddon struct {
	phase

	name, cluster, arn, version, role, values string
}

type addonRequest struct {
	AddonName, AddonVersion, ConfigurationValues string
	RoleARN                                      *string           `json:"serviceAccountRoleArn"`
	Tags                                         map[string]string `json:"tags"`
	Identities                                   []any             `json:"podIdentityAssociations"`
}

var addonForm = regexp.MustCompile(`^v\d+\.\d+\.\d+-eksbuild\.\d+$`)

// addonVersions are the versions that EKS chooses for a version of Kubernetes, by
// the names of the add-ons that the sandbox has.
func addonVersions(kubernetes string) map[string]string {
	dns := "v1.12.1-eksbuild.2"
	if minorOf(kubernetes) < 33 {
		dns = "v1.11.4-eksbuild.2"
	}
	return map[string]string{
		"aws-ebs-csi-driver":     "v1.44.0-eksbuild.1",
		"coredns":                dns,
		"eks-pod-identity-agent": "v1.3.4-eksbuild.1",
		"kube-proxy":             "v" + kubernetes + ".0-eksbuild.2",
		"metrics-server":         "v0.7.2-eksbuild.3",
		"vpc-cni":                "v1.19.5-eksbuild.1",
	}
}

// set takes over what is asked of an add-on.
func (a *kubernetesAddon) set(in addonRequest) error {
	switch {
	case in.AddonVersion != "" && !addonForm.MatchString(in.AddonVersion):
		return kubernetesInvalid("Addon version specified is not supported")
	case len(in.Identities) > 0:
		return kubernetesInvalid("The sandbox makes no pod identity associations of add-ons; make them by themselves.")
	}
	a.version, a.values = cmp.Or(in.AddonVersion, a.version), cmp.Or(in.ConfigurationValues, a.values)
	if in.RoleARN != nil {
		a.role = *in.RoleARN
	}
	return nil
}

func createAddon(s *stores, m moment, c wire.Call) (any, error) {
	var in addonRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.activeKubernetes(m, c)
	if err != nil {
		return nil, err
	}
	version, known := addonVersions(k.version)[in.AddonName]
	switch {
	case !known:
		return nil, kubernetesInvalid("Addon specified is not supported: " + in.AddonName)
	case living(m, k.addons, in.AddonName) != nil:
		return nil, kubernetesTaken("Addon already exists.")
	}
	a := &kubernetesAddon{
		phase: begun(m, "CREATING"), name: in.AddonName, cluster: k.name, version: version,
		arn: s.arn(c, strings.Join([]string{"addon", k.name, in.AddonName, m.uuid()}, "/")),
	}
	if err := a.set(in); err != nil {
		return nil, err
	}
	k.addons[a.name] = a
	s.tags.set(a.arn, in.Tags)
	return map[string]any{"addon": s.describeAddon(m, k, a)}, nil
}

// addon is the living one that the call's path names.
func (s *stores) addon(m moment, c wire.Call) (*kubernetesCluster, *kubernetesAddon, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, nil, err
	}
	a := living(m, k.addons, pathArg(c, "addons"))
	if a == nil {
		return k, nil, kubernetesMissing("No addon: " + pathArg(c, "addons") + " found in cluster: " + k.name)
	}
	return k, a, nil
}

func (s *stores) idleAddon(m moment, c wire.Call) (*kubernetesCluster, *kubernetesAddon, error) {
	k, a, err := s.addon(m, c)
	if err == nil && a.busy(m) {
		err = kubernetesTaken("Addon " + a.name + " is " + a.state(m) + ".")
	}
	return k, a, err
}

// runsOnNodes says that an add-on is a deployment, which needs nodes to be there.
func (a *kubernetesAddon) runsOnNodes() bool {
	return a.name == "coredns" || a.name == "metrics-server" || a.name == "aws-ebs-csi-driver"
}

func (k *kubernetesCluster) hasNodes(m moment) bool {
	for _, g := range sorted(k.groups) {
		if !g.gone(m) && g.scaling.Desired > 0 && g.state(m) != "CREATING" {
			return true
		}
	}
	return false
}

func (s *stores) describeAddon(m moment, k *kubernetesCluster, a *kubernetesAddon) map[string]any {
	issues, state := []any{}, a.state(m)
	if state == "ACTIVE" && a.runsOnNodes() && !k.hasNodes(m) {
		state = "DEGRADED"
		issues = append(issues, map[string]any{"code": "InsufficientNumberOfReplicas", "message": "The add-on is unhealthy because it doesn't have the desired number of replicas."})
	}
	told := map[string]any{
		"addonName": a.name, "clusterName": a.cluster, "status": state, "addonVersion": a.version, "addonArn": a.arn, "createdAt": unix(a.created),
		"modifiedAt": unix(a.ready), "tags": s.tags[a.arn], "health": map[string]any{"issues": issues}, "podIdentityAssociations": []string{},
	}
	if a.role != "" {
		told["serviceAccountRoleArn"] = a.role
	}
	if a.values != "" {
		told["configurationValues"] = a.values
	}
	return told
}

func describeAddon(s *stores, m moment, c wire.Call) (any, error) {
	k, a, err := s.addon(m, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"addon": s.describeAddon(m, k, a)}, nil
}

func listAddons(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, a := range sorted(k.addons) {
		if !a.gone(m) {
			names = append(names, a.name)
		}
	}
	return map[string]any{"addons": names}, nil
}

func updateAddon(s *stores, m moment, c wire.Call) (any, error) {
	var in addonRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, a, err := s.idleAddon(m, c)
	if err != nil {
		return nil, err
	}
	altered := *a
	if err := altered.set(in); err != nil {
		return nil, err
	}
	*a = altered
	a.change(m, "UPDATING")
	return k.update(m, "AddonUpdate", "addon/"+a.name, map[string]string{"AddonVersion": a.version}), nil
}

func deleteAddon(s *stores, m moment, c wire.Call) (any, error) {
	k, a, err := s.addon(m, c)
	switch {
	case err != nil:
		return nil, err
	case !a.deleted.IsZero():
		return nil, apiError("InvalidRequestException", http.StatusBadRequest, "Addon "+a.name+" is DELETING.")
	}
	a.deleted = m.at
	told := s.describeAddon(m, k, a)
	delete(s.tags, a.arn)
	return map[string]any{"addon": told}, nil
}
