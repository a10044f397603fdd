package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/aegisworld/aegis"
)

// Contradictions are the faults between an environment's specs, each of which
// Validate has passed; each field begins with its stack's id. That all regions are
// peered, or none, is left out: it is of two layers, and a change is of one.
func Contradictions(specs []aegis.Spec) []aegis.FieldFault {
	faults := &aegis.InvalidError{}
	betweenStacks(faults, specs)
	return faults.Faults
}

// estateRules are the rules of a whole estate, each stack of which is valid by
// itself.
func estateRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	betweenStacks(faults, specs)
	peeringRules(faults, specs)
}

func betweenStacks(faults *aegis.InvalidError, specs []aegis.Spec) {
	writers := map[string]aegis.WorkloadRole{} // of flow logs, by region
	for _, params := range ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity) {
		writers[params.spec.Region] = params.of.WorkloadRoles[aegis.FlowLogsRole]
	}
	dataEstateRules(faults, specs)
	ranges := map[string]netip.Prefix{}
	for _, network := range ofLayer[aegis.NetworkSpec](specs, aegis.LayerNetwork) {
		id := StackID(network.spec)
		if network.of.FlowLogDays > 0 {
			roleRules(faults, id+".parameters.flow_log_days", aegis.FlowLogsRole, writers[network.spec.Region], serviceFlowLogs, nil)
		}
		prefix, _ := netip.ParsePrefix(network.of.CIDR) // Validate has read it
		for _, other := range sortedKeys(ranges) {
			if prefix.Overlaps(ranges[other]) {
				faults.Add(id+".parameters.cidr", fmt.Sprintf("%s overlaps %s of %s: regions that are to be connected need ranges of their own",
					prefix, ranges[other], other))
			}
		}
		ranges[id] = prefix
	}
	trailRules(faults, specs)
	guardRules(faults, specs)
	clusterRoleRules(faults, specs)
	replicationRules(faults, specs)
	domain := ""
	for _, edge := range ofLayer[aegis.EdgeSpec](specs, aegis.LayerEdge) {
		if domain == "" {
			domain = edge.of.Domain
		}
		if edge.of.Domain != domain {
			faults.Add(StackID(edge.spec)+".parameters.domain", fmt.Sprintf("%q is not %q, the zone that the primary region's stack makes", edge.of.Domain, domain))
		}
	}
	distributionRules(faults, specs)
}

// peeringRules want all regions to be peered, or none: each connection has a side
// that requests and one that accepts.
func peeringRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	peered := map[string]bool{}
	for _, network := range ofLayer[aegis.NetworkSpec](specs, aegis.LayerNetwork) {
		peered[StackID(network.spec)] = network.of.Peered
	}
	for _, edge := range ofLayer[aegis.EdgeSpec](specs, aegis.LayerEdge) {
		peered[StackID(edge.spec)] = edge.of.Peered
	}
	if !slices.Contains(slices.Collect(maps.Values(peered)), true) {
		return
	}
	for _, id := range sortedKeys(peered) {
		if !peered[id] {
			faults.Add(id+".parameters.peered", "must be true: other stacks of layers network and edge are peered, and it takes all of them")
		}
	}
}

// params are a spec's parameters, as its layer's struct.
type params[P any] struct {
	spec aegis.Spec
	of   P
}

func ofLayer[P any](specs []aegis.Spec, layer string) []params[P] {
	var found []params[P]
	for _, spec := range specs {
		if spec.Layer == layer {
			one := params[P]{spec: spec}
			_ = json.Unmarshal(spec.Parameters, &one.of) // Validate has read it
			found = append(found, one)
		}
	}
	return found
}

// roleRules demand a workload role's service and managed policies.
func roleRules(faults *aegis.InvalidError, field, name string, found aegis.WorkloadRole, service string, policies []string) {
	if found.Service != service {
		faults.Add(field, fmt.Sprintf("needs workload_roles.%s with service %s in layer security of the region", name, service))
		return
	}
	for _, policy := range policies {
		if !slices.Contains(found.ManagedPolicies, policy) {
			faults.Add(field, fmt.Sprintf("needs managed policy %s in workload_roles.%s", policy, name))
		}
	}
}
