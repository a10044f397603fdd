package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

func edgeRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.EdgeSpec) {
	for _, name := range sortedKeys(params.ReplicatedBuckets) {
		copyRules(faults, "parameters.replicated_buckets."+name, spec, params.ReplicatedBuckets[name])
	}
	distributionSpecRules(faults, params)
}

func distributionSpecRules(faults *aegis.InvalidError, params *aegis.EdgeSpec) {
	spec := params.Distribution
	if spec == nil {
		return
	}
	const field = "parameters.distribution"
	if !params.Balanced {
		faults.Add(field, "needs balanced: its origin is the name of the load balancers")
	}
	if spec.Name == "app" {
		faults.Add(field+".name", `"app" is the name of the load balancers`)
	}
	twice(faults, field+".cached_paths", spec.CachedPaths)
	for i, path := range spec.CachedPaths {
		if !strings.HasPrefix(path, "/") || len(path) > 255 || strings.ContainsAny(path, " \t\n\"<>\\") {
			faults.Add(fmt.Sprintf("%s.cached_paths.%d", field, i), fmt.Sprintf("%q is no path such as /static/*", path))
		}
	}
}

// distributionRules want the region that makes distributions among the estate's.
func distributionRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	edges := ofLayer[aegis.EdgeSpec](specs, aegis.LayerEdge)
	if slices.ContainsFunc(edges, func(p params[aegis.EdgeSpec]) bool {
		return p.spec.Region == distributionRegion && p.of.Distribution != nil
	}) {
		return
	}
	for _, edge := range edges {
		if edge.of.Distribution != nil {
			faults.Add(StackID(edge.spec)+".parameters.distribution", "is made by the stack in "+distributionRegion+", which has none: add it there")
		}
	}
}
