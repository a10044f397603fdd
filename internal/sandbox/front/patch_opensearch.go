package front

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// openSearchPatches serve OpenSearch domains as AWS describes them; the
// emulator's never get the state that providers wait for. Nothing is indexed.
func openSearchPatches() []patch {
	return append(acts("es", map[string]act{
		"DescribeDomain": describeDomain, "DescribeDomains": describeDomains, "DescribeDomainConfig": describeDomainConfig,
		"DeleteDomain": deleteDomain, "ListDomainNames": listDomains, "DescribeDomainChangeProgress": describeDomainProgress,
		"UpgradeDomain": upgradeDomain, "GetUpgradeStatus": getUpgrade,
	}, domainTagging().acts()),
		patch{service: "es", action: "CreateDomain", act: createDomain, look: lookForDomainSubnets},
		patch{service: "es", action: "UpdateDomainConfig", act: updateDomainConfig, look: lookForDomainSubnets})
}

// domainTag is a tag as OpenSearch Service writes it.
type domainTag struct{ Key, Value string }

func domainTagging() tagging {
	return tagging{
		list: "ListTags", tag: "AddTags", untag: "RemoveTags", missing: domainMissing, changed: noAnswer,
		read: func(c wire.Call) (tagRequest, error) {
			in := struct {
				ARN     string
				TagList []domainTag
				TagKeys []string
			}{ARN: c.URL.Query().Get("arn")}
			err := readJSON(c, &in)
			return tagRequest{arn: in.ARN, tags: domainTags(in.TagList), keys: in.TagKeys}, err
		},
		listed: func(tags map[string]string) any {
			list := []domainTag{}
			for _, key := range slices.Sorted(maps.Keys(tags)) {
				list = append(list, domainTag{Key: key, Value: tags[key]})
			}
			return map[string]any{"TagList": list}
		},
	}
}

func domainTags(list []domainTag) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		tags[tag.Key] = tag.Value
	}
	return tags
}

func domainMissing(name string) error {
	return apiError("ResourceNotFoundException", http.StatusConflict, "Domain not found: "+name)
}

// searchDomain is a domain; options are those of its configuration, by name.
type searchDomain struct {
	phase

	name, region, arn, id, version string
	options                        map[string]any
	subnets                        []subnet
}

// domainOptions are the parts of a domain's configuration, with what AWS sets
// when nothing is asked.
func domainOptions() map[string]any {
	return map[string]any{
		"ClusterConfig": map[string]any{
			"InstanceType": "m6g.large.search", "InstanceCount": 1, "DedicatedMasterEnabled": false, "ZoneAwarenessEnabled": false,
			"WarmEnabled": false, "ColdStorageOptions": map[string]any{"Enabled": false}, "MultiAZWithStandbyEnabled": false,
		},
		"EBSOptions": map[string]any{"EBSEnabled": false}, "AccessPolicies": "", "IPAddressType": "ipv4",
		"SnapshotOptions": map[string]any{"AutomatedSnapshotStartHour": 0}, "CognitoOptions": map[string]any{"Enabled": false},
		"EncryptionAtRestOptions": map[string]any{"Enabled": false}, "NodeToNodeEncryptionOptions": map[string]any{"Enabled": false},
		"AdvancedOptions":         map[string]any{"override_main_response_version": "false", "rest.action.multi.allow_explicit_index": "true"},
		"DomainEndpointOptions":   map[string]any{"EnforceHTTPS": false, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07", "CustomEndpointEnabled": false},
		"AdvancedSecurityOptions": map[string]any{"Enabled": false, "InternalUserDatabaseEnabled": false, "AnonymousAuthEnabled": false},
		"AutoTuneOptions":         map[string]any{"State": "ENABLED", "UseOffPeakWindow": false},
		"OffPeakWindowOptions": map[string]any{"Enabled": true, "OffPeakWindow": map[string]any{
			"WindowStartTime": map[string]any{"Hours": 22, "Minutes": 0},
		}},
		"SoftwareUpdateOptions": map[string]any{"AutoSoftwareUpdateEnabled": false}, "LogPublishingOptions": map[string]any{},
	}
}

type domainRequest struct {
	DomainName    string `json:"DomainName"`
	EngineVersion string `json:"EngineVersion"`
	TagList       []domainTag
	VPCOptions    *struct {
		SubnetIDs        []string `json:"SubnetIds"`
		SecurityGroupIDs []string `json:"SecurityGroupIds"`
	} `json:"VPCOptions"`
	DryRun bool `json:"DryRun"`
}

func lookForDomainSubnets(ctx context.Context, f *Front, c wire.Call) (facts, error) {
	var in domainRequest
	if err := readJSON(c, &in); err != nil || in.VPCOptions == nil || len(in.VPCOptions.SubnetIDs) == 0 {
		return nil, err
	}
	found, err := f.subnets(ctx, c.Region, in.VPCOptions.SubnetIDs)
	if err != nil {
		return nil, apiError("ValidationException", http.StatusBadRequest, "You must specify subnets of one VPC that exist.")
	}
	return subnetFacts(found)
}

func domainName(c wire.Call) string {
	for _, after := range []string{"domain", "upgradeDomain"} {
		if name := pathArg(c, after); name != "" {
			return name
		}
	}
	return ""
}

func (s *stores) domain(m moment, c wire.Call, name string) (*searchDomain, error) {
	d := living(m, s.search, c.Region+" "+name)
	if d == nil {
		return nil, domainMissing(name)
	}
	return d, nil
}

func createDomain(s *stores, m moment, c wire.Call) (any, error) {
	var in domainRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if living(m, s.search, c.Region+" "+in.DomainName) != nil {
		return nil, apiError("ResourceAlreadyExistsException", http.StatusConflict, "Domain "+in.DomainName+" already exists")
	}
	if len(in.DomainName) < 3 || len(in.DomainName) > 28 {
		return nil, apiError("ValidationException", http.StatusBadRequest, "Member must have 3 to 28 characters: domainName")
	}
	if in.EngineVersion == "" {
		in.EngineVersion = "OpenSearch_2.19"
	}
	d := &searchDomain{
		phase: begun(m, "Creating"), name: in.DomainName, region: c.Region, id: s.account + "/" + in.DomainName, version: in.EngineVersion,
		arn: s.arn(c, "domain/"+in.DomainName), options: domainOptions(),
	}
	if err := d.set(m, c); err != nil {
		return nil, err
	}
	s.search[c.Region+" "+d.name] = d
	s.tags.set(d.arn, domainTags(in.TagList))
	return map[string]any{"DomainStatus": d.describe(m)}, nil
}

// set takes the options of a request, each as a whole, and holds AWS's rules of
// what goes together.
func (d *searchDomain) set(m moment, c wire.Call) error {
	var given map[string]any
	if err := readJSON(c, &given); err != nil {
		return err
	}
	options := maps.Clone(d.options)
	for name, standing := range options {
		asked, ok := given[name]
		if !ok || asked == nil {
			continue
		}
		options[name] = overlaid(name, standing, asked)
	}
	if vpc, ok := given["VPCOptions"].(map[string]any); ok && (d.subnets == nil || len(m.subnets()) > 0) {
		options["VPCOptions"] = vpc
	}
	cluster, _ := options["ClusterConfig"].(map[string]any)
	if kind, _ := cluster["InstanceType"].(string); !strings.HasSuffix(kind, ".search") {
		return apiError("ValidationException", http.StatusBadRequest, "Invalid instance type: "+kind)
	}
	if isOn(options, "AdvancedSecurityOptions", "Enabled") && (!isOn(options, "EncryptionAtRestOptions", "Enabled") ||
		!isOn(options, "NodeToNodeEncryptionOptions", "Enabled") || !isOn(options, "DomainEndpointOptions", "EnforceHTTPS")) {
		return apiError("ValidationException", http.StatusBadRequest,
			"You must enable node-to-node encryption, encryption at rest and HTTPS to use advanced security.")
	}
	d.options = options
	if found := m.subnets(); len(found) > 0 {
		d.subnets = found
	}
	return nil
}

// overlaid is what was, with what is asked put over it; what is kept secret is
// left out.
func overlaid(name string, standing, asked any) any {
	before, isMap := standing.(map[string]any)
	after, alsoMap := asked.(map[string]any)
	if !isMap || !alsoMap || name == "LogPublishingOptions" || name == "AdvancedOptions" {
		return asked
	}
	merged := maps.Clone(before)
	maps.Copy(merged, after)
	switch name {
	case "AdvancedSecurityOptions":
		delete(merged, "MasterUserOptions")
	case "AutoTuneOptions":
		merged["State"] = merged["DesiredState"]
		if merged["State"] == nil {
			merged["State"] = before["State"]
		}
		delete(merged, "DesiredState")
		delete(merged, "MaintenanceSchedules")
		delete(merged, "RollbackOnDisable")
	case "ClusterConfig":
		if merged["ZoneAwarenessEnabled"] != true {
			delete(merged, "ZoneAwarenessConfig")
		}
		if merged["DedicatedMasterEnabled"] != true {
			delete(merged, "DedicatedMasterCount")
			delete(merged, "DedicatedMasterType")
		}
	}
	return merged
}

func isOn(options map[string]any, name, field string) bool {
	part, _ := options[name].(map[string]any)
	return part[field] == true
}

// describe is the domain's status.
func (d *searchDomain) describe(m moment) map[string]any {
	state := d.status(m, "Active")
	status := map[string]any{
		"DomainId": d.id, "DomainName": d.name, "ARN": d.arn, "Created": true, "Deleted": state == "deleting",
		"Processing": state != "Active", "UpgradeProcessing": false, "EngineVersion": d.version,
		"DomainProcessingStatus": strings.ToUpper(state[:1]) + state[1:],
		"ServiceSoftwareOptions": map[string]any{
			"CurrentVersion": d.version + "-R20250601", "NewVersion": "", "UpdateAvailable": false, "Cancellable": false,
			"UpdateStatus": "COMPLETED", "Description": "There is no software update available for this domain.", "OptionalDeployment": true,
		},
	}
	maps.Copy(status, d.options)
	delete(status, "VPCOptions")
	host := d.name + "-aegis." + d.region + ".es.amazonaws.com"
	if len(d.subnets) > 0 {
		status["VPCOptions"] = d.vpc()
	}
	if state == "Creating" {
		return status
	}
	if len(d.subnets) > 0 {
		status["Endpoints"] = map[string]string{"vpc": "vpc-" + host}
	} else {
		status["Endpoint"] = "search-" + host
	}
	return status
}

// vpc is where a domain in a VPC is.
func (d *searchDomain) vpc() map[string]any {
	asked, _ := d.options["VPCOptions"].(map[string]any)
	ids := each(d.subnets, func(one subnet) string { return one.ID })
	slices.Sort(ids)
	return map[string]any{
		"VPCId": d.subnets[0].VPC, "SubnetIds": ids, "AvailabilityZones": zonesIn(d.subnets), "SecurityGroupIds": asked["SecurityGroupIds"],
	}
}
