package front

import (
	"maps"
	"net/http"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func describeDomain(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.domain(m, c, domainName(c))
	if err != nil {
		return nil, err
	}
	return map[string]any{"DomainStatus": d.describe(m)}, nil
}

func describeDomains(s *stores, m moment, c wire.Call) (any, error) {
	var in struct{ DomainNames []string }
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	list := []any{}
	for _, name := range in.DomainNames {
		if d, err := s.domain(m, c, name); err == nil {
			list = append(list, d.describe(m))
		}
	}
	return map[string]any{"DomainStatusList": list}, nil
}

func listDomains(s *stores, m moment, c wire.Call) (any, error) {
	list := []any{}
	for _, d := range livingIn(m, s.search, c.Region) {
		list = append(list, map[string]any{"DomainName": d.name, "EngineType": "OpenSearch"})
	}
	return map[string]any{"DomainNames": list}, nil
}

// config is the domain's configuration, each part with how far it got.
func (d *searchDomain) config(m moment) map[string]any {
	state := "Active"
	if d.busy(m) {
		state = "Processing"
	}
	standing := map[string]any{
		"CreationDate": unix(d.created), "UpdateDate": unix(d.ready), "UpdateVersion": 1, "State": state, "PendingDeletion": !d.deleted.IsZero(),
	}
	config := map[string]any{"EngineVersion": map[string]any{"Options": d.version, "Status": standing}}
	for name, options := range d.options {
		if name == "VPCOptions" {
			options = d.vpc()
		}
		status := standing
		if tuning, ok := options.(map[string]any); ok && name == "AutoTuneOptions" {
			status = maps.Clone(standing)
			status["State"] = tuning["State"]
			options = map[string]any{"DesiredState": tuning["State"], "UseOffPeakWindow": tuning["UseOffPeakWindow"], "MaintenanceSchedules": []any{}}
		}
		config[name] = map[string]any{"Options": options, "Status": status}
	}
	return config
}

func describeDomainConfig(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.domain(m, c, domainName(c))
	if err != nil {
		return nil, err
	}
	return map[string]any{"DomainConfig": d.config(m)}, nil
}

func updateDomainConfig(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.domain(m, c, domainName(c))
	if err != nil {
		return nil, err
	}
	if d.busy(m) {
		return nil, apiError("ValidationException", http.StatusBadRequest, "A change/update is in progress. Please wait for it to complete before requesting another change.")
	}
	var in domainRequest
	if err := readJSON(c, &in); err != nil || in.DryRun {
		return map[string]any{"DomainConfig": d.config(m)}, err
	}
	if err := d.set(m, c); err != nil {
		return nil, err
	}
	d.change(m, "Modifying")
	return map[string]any{"DomainConfig": d.config(m)}, nil
}

func deleteDomain(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.domain(m, c, domainName(c))
	if err != nil {
		return nil, err
	}
	if d.deleted.IsZero() {
		d.deleted = m.at
		delete(s.tags, d.arn)
	}
	return map[string]any{"DomainStatus": d.describe(m)}, nil
}

func describeDomainProgress(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.domain(m, c, domainName(c))
	if err != nil {
		return nil, err
	}
	status := "COMPLETED"
	if d.busy(m) {
		status = "PROCESSING"
	}
	return map[string]any{"ChangeProgressStatus": map[string]any{"Status": status, "StartTime": unix(d.created)}}, nil
}

func upgradeDomain(s *stores, m moment, c wire.Call) (any, error) {
	var in struct{ DomainName, TargetVersion string }
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	d, err := s.domain(m, c, in.DomainName)
	if err != nil {
		return nil, err
	}
	d.version = in.TargetVersion
	d.change(m, "UpgradingEngineVersion")
	return map[string]any{"DomainName": d.name, "TargetVersion": d.version}, nil
}

func getUpgrade(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.domain(m, c, domainName(c))
	if err != nil {
		return nil, err
	}
	status := "SUCCEEDED"
	if d.busy(m) {
		status = "IN_PROGRESS"
	}
	return map[string]any{"UpgradeStep": "UPGRADE", "StepStatus": status, "UpgradeName": "Upgrade to " + d.version}, nil
}
