package stacks

import (
	"fmt"

	"github.com/aegisworld/aegis"
)

// dataEstateRules are the rules between layer data and the others.
func dataEstateRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	roles := map[string]map[string]aegis.WorkloadRole{} // by region
	for _, security := range ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity) {
		roles[security.spec.Region] = security.of.WorkloadRoles
		storesEstateRules(faults, specs, security.spec, security.of.Stores)
	}
	networks := map[string]aegis.NetworkSpec{}
	for _, network := range ofLayer[aegis.NetworkSpec](specs, aegis.LayerNetwork) {
		networks[network.spec.Region] = network.of
	}
	stacks := ofLayer[aegis.DataSpec](specs, aegis.LayerData)
	globalDatabaseRules(faults, stacks)
	for _, data := range stacks {
		if data.of.Backup != nil {
			roleRules(faults, StackID(data.spec)+".parameters.backup", aegis.BackupRole, roles[data.spec.Region][aegis.BackupRole], serviceBackup, nil)
		}
		serverRules(faults, StackID(data.spec), data.of, networks[data.spec.Region], roles[data.spec.Region])
	}
}

// storesEstateRules want what the control plane may use to be in layer data of the
// region.
func storesEstateRules(faults *aegis.InvalidError, specs []aegis.Spec, security aegis.Spec, stores *aegis.StoresSpec) {
	if stores == nil {
		return
	}
	for _, data := range ofLayer[aegis.DataSpec](specs, aegis.LayerData) {
		if data.spec.Region != security.Region || data.spec.Environment != security.Environment {
			continue
		}
		_, bucket := data.of.Buckets[stores.Bucket]
		_, stream := data.of.Streams[stores.Stream]
		_, domain := data.of.SearchDomains[stores.SearchDomain]
		for _, one := range []struct {
			field, name string
			found       bool
		}{{"bucket", stores.Bucket, bucket}, {"stream", stores.Stream, stream}, {"search_domain", stores.SearchDomain, domain}} {
			if one.name != "" && !one.found {
				faults.Add(StackID(security)+".parameters.stores."+one.field, fmt.Sprintf("layer data of the region has none of the name %q", one.name))
			}
		}
	}
}
