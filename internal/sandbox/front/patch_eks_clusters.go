package front

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func clusterActs() map[string]act {
	return map[string]act{
		"DescribeCluster": describeKubernetes, "ListClusters": listKubernetes, "DeleteCluster": deleteKubernetes,
		"UpdateClusterVersion": upgradeKubernetes, "DescribeUpdate": describeKubernetesUpdate, "ListUpdates": listKubernetesUpdates,
	}
}

// kubernetesCluster is an EKS cluster.
type kubernetesCluster struct {
	phase

	name, region, arn, id, version, role, authority string
	subnets                                         []subnet
	network                                         kubernetesNetwork
	service                                         map[string]any
	// logs are the kinds of logs that are kept.
	logs                                   map[string]bool
	encryption                             []kubernetesEncryption
	authentication, support, securityGroup string
	zonalShift                             *bool

	groups     map[string]*nodeGroup
	addons     map[string]*kubernetesAddon
	entries    map[string]*accessEntry
	identities map[string]*podIdentity
	updates    map[string]*kubernetesUpdate
}

type kubernetesNetwork struct {
	SubnetIDs        []string `json:"subnetIds"`
	SecurityGroupIDs []string `json:"securityGroupIds"`
	Public           *bool    `json:"endpointPublicAccess"`
	Private          *bool    `json:"endpointPrivateAccess"`
	PublicCIDRs      []string `json:"publicAccessCidrs"`
}

type kubernetesEncryption struct {
	Provider struct {
		KeyARN string `json:"keyArn"`
	} `json:"provider"`
	Resources []string `json:"resources"`
}

type kubernetesLogging struct {
	Setups []struct {
		Types   []string `json:"types"`
		Enabled bool     `json:"enabled"`
	} `json:"clusterLogging"`
}

type kubernetesRequest struct {
	Name, Version    string
	RoleARN          string                 `json:"roleArn"`
	Network          *kubernetesNetwork     `json:"resourcesVpcConfig"`
	Logging          *kubernetesLogging     `json:"logging"`
	EncryptionConfig []kubernetesEncryption `json:"encryptionConfig"`
	Tags             map[string]string      `json:"tags"`
	Access           *struct {
		Mode string `json:"authenticationMode"`
	} `json:"accessConfig"`
	Upgrade *struct {
		Support string `json:"supportType"`
	} `json:"upgradePolicy"`
	ZonalShift *struct {
		Enabled bool `json:"enabled"`
	} `json:"zonalShiftConfig"`
	Service struct {
		CIDR   string `json:"serviceIpv4Cidr"`
		Family string `json:"ipFamily"`
	} `json:"kubernetesNetworkConfig"`
	Compute *struct {
		Enabled bool `json:"enabled"`
	} `json:"computeConfig"`
	Outpost map[string]any `json:"outpostConfig"`
}

var kubernetesName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

// The minor versions of Kubernetes that EKS has.
const oldestMinor, newestMinor = 28, 34

// minorOf is a version's minor number; 0 for what is no version of EKS.
func minorOf(version string) int {
	text, ok := strings.CutPrefix(version, "1.")
	minor, err := strconv.Atoi(text)
	if !ok || err != nil || minor < oldestMinor || minor > newestMinor {
		return 0
	}
	return minor
}

func kubernetesLogTypes() []string {
	return []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}
}

func createKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	in := kubernetesRequest{Version: fmt.Sprintf("1.%d", newestMinor-1)}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if err := s.refuseKubernetes(m, c, in); err != nil {
		return nil, err
	}
	public, private := true, false
	k := &kubernetesCluster{
		phase: begun(m, "CREATING"), name: in.Name, region: c.Region, arn: s.arn(c, "cluster/"+in.Name), version: in.Version, role: in.RoleARN,
		id: strings.ToUpper(strings.ReplaceAll(m.uuid(), "-", "")), securityGroup: "sg-0" + strings.ReplaceAll(m.uuid(), "-", "")[:16],
		network: kubernetesNetwork{Public: &public, Private: &private, PublicCIDRs: []string{"0.0.0.0/0"}},
		service: map[string]any{"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16", "elasticLoadBalancing": map[string]any{"enabled": false}},
		logs:    map[string]bool{}, encryption: in.EncryptionConfig, authentication: "CONFIG_MAP", support: "EXTENDED",
		groups: map[string]*nodeGroup{}, addons: map[string]*kubernetesAddon{}, entries: map[string]*accessEntry{},
		identities: map[string]*podIdentity{}, updates: map[string]*kubernetesUpdate{},
	}
	if in.Service.CIDR != "" {
		k.service["serviceIpv4Cidr"] = in.Service.CIDR
	}
	if _, err := k.set(m, in); err != nil {
		return nil, err
	}
	var err error
	if k.authority, err = authorityOf(m, k.name); err != nil {
		return nil, err
	}
	s.kubernetesClusters[c.Region+" "+k.name] = k
	s.tags.set(k.arn, in.Tags)
	return map[string]any{"cluster": s.describeKubernetes(m, k)}, nil
}

// refuseKubernetes says what is wrong with a request for a cluster.
func (s *stores) refuseKubernetes(m moment, c wire.Call, in kubernetesRequest) error {
	switch {
	case !kubernetesName.MatchString(in.Name):
		return kubernetesInvalid("The cluster's name is not valid.")
	case living(m, s.kubernetesClusters, c.Region+" "+in.Name) != nil:
		return kubernetesTaken("Cluster already exists with name: " + in.Name)
	case minorOf(in.Version) == 0:
		return kubernetesInvalid("unsupported Kubernetes version " + in.Version)
	case in.RoleARN == "":
		return kubernetesInvalid("The cluster's role is missing.")
	case in.Compute != nil && in.Compute.Enabled, in.Outpost != nil, in.Service.Family == "ipv6":
		return kubernetesInvalid("The sandbox has no clusters in Auto Mode, on Outposts or of IPv6.")
	case len(zonesIn(m.subnets())) < 2:
		return kubernetesInvalid("Subnets specified must be in at least two different AZs")
	}
	return nil
}

// set takes over what is given and tells the kind of update that it is, as EKS
// calls it; "" when nothing is given.
func (k *kubernetesCluster) set(m moment, in kubernetesRequest) (string, error) {
	kind := ""
	if in.Network != nil {
		var err error
		if kind, err = k.network.set(*in.Network); err != nil {
			return "", err
		}
	}
	if in.Access != nil && in.Access.Mode != "" {
		if k.authentication == "API" && in.Access.Mode != "API" {
			return "", kubernetesInvalid("Unsupported authentication mode update from API to " + in.Access.Mode)
		}
		kind, k.authentication = "AccessConfigUpdate", in.Access.Mode
	}
	if in.Logging != nil {
		kind, k.logs = "LoggingUpdate", k.logged(*in.Logging)
	}
	if in.Upgrade != nil && in.Upgrade.Support != "" {
		kind, k.support = "UpgradePolicyUpdate", in.Upgrade.Support
	}
	if in.ZonalShift != nil {
		kind, k.zonalShift = "ZonalShiftConfigUpdate", &in.ZonalShift.Enabled
	}
	if len(m.subnets()) > 0 {
		k.subnets = m.subnets()
	}
	return kind, nil
}

func (n *kubernetesNetwork) set(in kubernetesNetwork) (string, error) {
	kind := "EndpointAccessUpdate"
	if len(in.SubnetIDs) > 0 {
		kind, n.SubnetIDs = "VpcConfigUpdate", in.SubnetIDs
	}
	if in.SecurityGroupIDs != nil {
		kind, n.SecurityGroupIDs = "VpcConfigUpdate", in.SecurityGroupIDs
	}
	n.Public, n.Private = cmp.Or(in.Public, n.Public), cmp.Or(in.Private, n.Private)
	if len(in.PublicCIDRs) > 0 {
		n.PublicCIDRs = in.PublicCIDRs
	}
	if !*n.Public && !*n.Private {
		return "", kubernetesInvalid("Private and public endpoint access cannot be false")
	}
	return kind, nil
}

func (k *kubernetesCluster) logged(in kubernetesLogging) map[string]bool {
	logs := maps.Clone(k.logs)
	for _, setup := range in.Setups {
		for _, kind := range setup.Types {
			logs[kind] = setup.Enabled
		}
	}
	return logs
}

// stateOf is the cluster's state; "" of none.
func (k *kubernetesCluster) stateOf(m moment) string {
	if k == nil {
		return ""
	}
	return k.state(m)
}

func (s *stores) describeKubernetes(m moment, k *kubernetesCluster) map[string]any {
	on, off := []string{}, []string{}
	for _, kind := range kubernetesLogTypes() {
		if k.logs[kind] {
			on = append(on, kind)
		} else {
			off = append(off, kind)
		}
	}
	logging := []any{}
	for _, setup := range []map[string]any{{"types": on, "enabled": true}, {"types": off, "enabled": false}} {
		if types, _ := setup["types"].([]string); len(types) > 0 {
			logging = append(logging, setup)
		}
	}
	told := map[string]any{
		"name": k.name, "arn": k.arn, "createdAt": unix(k.created), "version": k.version, "roleArn": k.role, "status": k.state(m),
		"platformVersion": "eks.1", "kubernetesNetworkConfig": k.service, "logging": map[string]any{"clusterLogging": logging},
		"encryptionConfig": k.encryption, "tags": s.tags[k.arn], "health": map[string]any{"issues": []any{}},
		"identity":           map[string]any{"oidc": map[string]any{"issuer": "https://oidc.eks." + k.region + ".amazonaws.com/id/" + k.id}},
		"accessConfig":       map[string]any{"authenticationMode": k.authentication},
		"upgradePolicy":      map[string]any{"supportType": k.support},
		"deletionProtection": false,
		"resourcesVpcConfig": map[string]any{
			"subnetIds": k.network.SubnetIDs, "securityGroupIds": append([]string{}, k.network.SecurityGroupIDs...), "vpcId": k.subnets[0].VPC,
			"clusterSecurityGroupId": k.securityGroup, "endpointPublicAccess": *k.network.Public, "endpointPrivateAccess": *k.network.Private,
			"publicAccessCidrs": k.publicCIDRs(),
		},
	}
	if k.zonalShift != nil {
		told["zonalShiftConfig"] = map[string]any{"enabled": *k.zonalShift}
	}
	if k.state(m) == "CREATING" {
		return told
	}
	told["endpoint"] = "https://" + k.id + ".gr7." + k.region + ".eks.amazonaws.com"
	told["certificateAuthority"] = map[string]any{"data": k.authority}
	return told
}

// publicCIDRs are told only of a public endpoint.
func (k *kubernetesCluster) publicCIDRs() []string {
	if !*k.network.Public {
		return []string{}
	}
	return k.network.PublicCIDRs
}

func describeKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"cluster": s.describeKubernetes(m, k)}, nil
}

func listKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	names := each(livingIn(m, s.kubernetesClusters, c.Region), func(k *kubernetesCluster) string { return k.name })
	return map[string]any{"clusters": append([]string{}, names...)}, nil
}

func deleteKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.idleKubernetes(m, c)
	if err != nil {
		return nil, err
	}
	for _, group := range sorted(k.groups) {
		if !group.gone(m) {
			return nil, kubernetesTaken("Cluster has nodegroups attached")
		}
	}
	k.deleted = m.at
	told := s.describeKubernetes(m, k)
	maps.DeleteFunc(s.tags, func(arn string, _ map[string]string) bool { return arn == k.arn || k.owns(arn) })
	return map[string]any{"cluster": told}, nil
}

// owns says that an ARN is of something in the cluster, whose name follows the
// kind.
func (k *kubernetesCluster) owns(arn string) bool {
	before, _, _ := strings.Cut(k.arn, ":cluster/")
	of, ok := strings.CutPrefix(arn, before+":")
	parts := strings.Split(of, "/")
	return ok && len(parts) > 2 && parts[1] == k.name
}

func upgradeKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	var in struct{ Version string }
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.idleKubernetes(m, c)
	if err != nil {
		return nil, err
	}
	from, to := minorOf(k.version), minorOf(in.Version)
	if to != from+1 {
		return nil, kubernetesInvalid("Unsupported Kubernetes minor version update from " + k.version + " to " + in.Version)
	}
	for _, group := range sorted(k.groups) {
		if !group.gone(m) && minorOf(group.version) < to-3 {
			return nil, kubernetesInvalid("Nodegroup " + group.name + " of version " + group.version + " must be updated before the cluster.")
		}
	}
	k.version = in.Version
	return k.update(m, "VersionUpdate", "", map[string]string{"Version": in.Version, "PlatformVersion": "eks.1"}), nil
}

func updateKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	var in kubernetesRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.idleKubernetes(m, c)
	if err != nil {
		return nil, err
	}
	if in.Network != nil && len(in.Network.SubnetIDs) > 0 && (len(zonesIn(m.subnets())) < 2 || m.subnets()[0].VPC != k.subnets[0].VPC) {
		return nil, kubernetesInvalid("Subnets specified must be of the cluster's VPC, in at least two different AZs")
	}
	altered := *k
	kind, err := altered.set(m, in)
	if err != nil {
		return nil, err
	}
	if kind == "" {
		return nil, kubernetesInvalid("There is nothing to update.")
	}
	*k = altered
	return k.update(m, kind, "", nil), nil
}

func encryptKubernetes(s *stores, m moment, c wire.Call) (any, error) {
	var in kubernetesRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.idleKubernetes(m, c)
	switch {
	case err != nil:
		return nil, err
	case len(k.encryption) > 0:
		return nil, apiError("InvalidRequestException", http.StatusBadRequest, "Encryption is already configured for cluster "+k.name)
	case len(in.EncryptionConfig) != 1:
		return nil, kubernetesInvalid("One encryption configuration is needed.")
	}
	k.encryption = in.EncryptionConfig
	return k.update(m, "AssociateEncryptionConfig", "", nil), nil
}
