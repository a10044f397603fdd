package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// Limits of AWS on names.
const (
	maxCacheName  = 40
	minDomainName = 3
	maxDomainName = 28
)

// classRule refuses a class that is not known, or has no price.
func classRule(faults *aegis.InvalidError, field, class string, known []string) {
	if !slices.Contains(known, class) {
		faults.Add(field, fmt.Sprintf("%q is not one of: %s", class, strings.Join(known, ", ")))
	}
}

func cacheRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.DataSpec) {
	for _, name := range sortedKeys(params.Caches) {
		field, cache := "parameters.caches."+name, params.Caches[name]
		if full := (&stack{spec: spec}).local(name); len(full) > maxCacheName {
			faults.Add(field, fmt.Sprintf("%s has more than %d characters", full, maxCacheName))
		}
		classRule(faults, field+".node_type", cache.NodeType, cacheNodeTypes())
		if cache.Shards > 1 && cache.Replicas == 0 {
			faults.Add(field+".replicas", fmt.Sprintf("a cluster of %d shards needs at least 1: without, a shard that fails is lost", cache.Shards))
		}
		if _, given := cache.Settings[clusterEnabled]; given {
			faults.Add(field+".settings."+clusterEnabled, "follows from shards")
		}
	}
}

func searchRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.DataSpec) {
	for _, name := range sortedKeys(params.SearchDomains) {
		field, domain := "parameters.search_domains."+name, params.SearchDomains[name]
		if full := (&stack{spec: spec}).local(name); len(full) < minDomainName || len(full) > maxDomainName {
			faults.Add(field, fmt.Sprintf("%s has %d characters, not %d to %d", full, len(full), minDomainName, maxDomainName))
		}
		classRule(faults, field+".instance_type", domain.InstanceType, searchInstanceTypes())
		if searchZones(domain.Nodes) == 0 {
			faults.Add(field+".nodes", fmt.Sprintf("%d nodes do not spread evenly over two or three zones", domain.Nodes))
		}
		switch {
		case domain.MasterNodes > 0 && domain.MasterType == "":
			faults.Add(field+".master_type", "is required with master_nodes")
		case domain.MasterNodes == 0 && domain.MasterType != "":
			faults.Add(field+".master_nodes", "is required with master_type")
		case domain.MasterNodes > 0:
			classRule(faults, field+".master_type", domain.MasterType, searchInstanceTypes())
		}
	}
}

// maxClusterName is what RDS leaves for a cluster's name, with what instances and
// the last snapshot append.
const maxClusterName = 56

func databaseRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.DataSpec) {
	for _, name := range sortedKeys(params.Databases) {
		field, database := "parameters.databases."+name, params.Databases[name]
		full := (&stack{spec: spec}).local(name)
		if len(full) > maxClusterName {
			faults.Add(field, fmt.Sprintf("%s has more than %d characters", full, maxClusterName))
		}
		if strings.Contains(full, "--") || strings.HasSuffix(full, "-") {
			faults.Add(field, fmt.Sprintf("%s has two hyphens in a row or ends in one, which RDS refuses", full))
		}
		classRule(faults, field+".instance_class", database.InstanceClass, databaseClasses())
		if database.Global && strings.HasPrefix(database.InstanceClass, "db.t") {
			faults.Add(field+".instance_class", fmt.Sprintf("%s is not offered for global databases", database.InstanceClass))
		}
	}
}

// globalDatabaseRules hold the clusters of a global database together.
func globalDatabaseRules(faults *aegis.InvalidError, stacks []params[aegis.DataSpec]) {
	for _, data := range stacks {
		primary := primaryRegion(data.spec)
		for _, name := range sortedKeys(data.of.Databases) {
			field, database := StackID(data.spec)+".parameters.databases."+name, data.of.Databases[name]
			if !database.Global || data.spec.Region == primary {
				continue
			}
			first, found := inPrimary(stacks, primary, name)
			switch {
			case !found || !first.Global:
				faults.Add(field+".global", fmt.Sprintf("the primary region %s has no global database %q to join", primary, name))
			case first.EngineVersion != database.EngineVersion:
				faults.Add(field+".engine_version", fmt.Sprintf("%s is not %s, the version of the global database", database.EngineVersion, first.EngineVersion))
			case first.Database != database.Database:
				faults.Add(field+".database", fmt.Sprintf("%q is not %q, the name in the global database", database.Database, first.Database))
			}
		}
	}
}

func inPrimary(stacks []params[aegis.DataSpec], region, name string) (aegis.DatabaseSpec, bool) {
	for _, data := range stacks {
		if data.spec.Region == region {
			spec, found := data.of.Databases[name]
			return spec, found
		}
	}
	return aegis.DatabaseSpec{}, false
}

// serverRules are the rules between a stack's servers and the layers that they
// are in.
func serverRules(faults *aegis.InvalidError, id string, data aegis.DataSpec, network aegis.NetworkSpec, roles map[string]aegis.WorkloadRole) {
	if !needsNetwork(data) {
		return
	}
	if !network.DataSubnets {
		faults.Add(id+".parameters", "caches, search_domains and databases need data_subnets of layer network of the region")
	}
	for _, name := range sortedKeys(data.SearchDomains) {
		field, domain := id+".parameters.search_domains."+name, data.SearchDomains[name]
		if zones := searchZones(domain.Nodes); zones > network.Zones {
			faults.Add(field+".nodes", fmt.Sprintf("%d nodes are in %d zones, and layer network has %d", domain.Nodes, zones, network.Zones))
		}
		if _, ok := roles[domain.AdminRole]; !ok {
			faults.Add(field+".admin_role", fmt.Sprintf("%q is no workload role of layer security of the region", domain.AdminRole))
		}
	}
	if len(data.Databases) > 0 && network.Zones < 2 {
		faults.Add(id+".parameters.databases", fmt.Sprintf("need data subnets in two zones, and layer network has %d", network.Zones))
	}
	for _, name := range sortedKeys(data.Caches) {
		if network.Zones < 2 && data.Caches[name].Replicas > 0 {
			faults.Add(id+".parameters.caches."+name+".replicas", "replicas are in other zones, and layer network has 1")
		}
	}
}
