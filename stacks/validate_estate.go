package stacks

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/aegisworld/aegis"
)

// estateRules are the rules between stacks, each of which is valid by itself.
func estateRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	writers := map[string]string{} // the service of the role that writes flow logs, by region
	for _, params := range ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity) {
		writers[params.spec.Region] = params.of.WorkloadRoles[aegis.FlowLogsRole].Service
	}
	ranges := map[string]netip.Prefix{}
	for _, network := range ofLayer[aegis.NetworkSpec](specs, aegis.LayerNetwork) {
		id := StackID(network.spec)
		if network.of.FlowLogDays > 0 && writers[network.spec.Region] != serviceFlowLogs {
			faults.Add(id+".parameters.flow_log_days", fmt.Sprintf("needs workload_roles.%s with service %s in layer security of the region",
				aegis.FlowLogsRole, serviceFlowLogs))
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
	domain := ""
	for _, edge := range ofLayer[aegis.EdgeSpec](specs, aegis.LayerEdge) {
		if domain == "" {
			domain = edge.of.Domain
		}
		if edge.of.Domain != domain {
			faults.Add(StackID(edge.spec)+".parameters.domain", fmt.Sprintf("%q is not %q, the zone that the primary region's stack makes", edge.of.Domain, domain))
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
