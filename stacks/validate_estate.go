package stacks

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/aegisworld/aegis"
)

// estateRules are the rules between stacks, each of which is valid by itself.
func estateRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	networks := map[string]netip.Prefix{}
	domain := ""
	for _, spec := range specs {
		id := StackID(spec)
		switch spec.Layer {
		case aegis.LayerNetwork:
			prefix := networkOf(spec)
			for _, other := range sortedKeys(networks) {
				if prefix.Overlaps(networks[other]) {
					faults.Add(id+".parameters.cidr", fmt.Sprintf("%s overlaps %s of %s: regions that are to be connected need ranges of their own",
						prefix, networks[other], other))
				}
			}
			networks[id] = prefix
		case aegis.LayerEdge:
			var params aegis.EdgeSpec
			_ = json.Unmarshal(spec.Parameters, &params) // Validate has read it
			if domain == "" {
				domain = params.Domain
			}
			if params.Domain != domain {
				faults.Add(id+".parameters.domain", fmt.Sprintf("%q is not %q, the zone that the primary region's stack makes", params.Domain, domain))
			}
		}
	}
}

func networkOf(spec aegis.Spec) netip.Prefix {
	var params aegis.NetworkSpec
	_ = json.Unmarshal(spec.Parameters, &params) // Validate has read it
	prefix, _ := netip.ParsePrefix(params.CIDR)
	return prefix
}
