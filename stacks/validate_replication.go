package stacks

import (
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// copyRules are the rules of a list of regions that get copies.
func copyRules(faults *aegis.InvalidError, field string, spec aegis.Spec, regions []string) {
	twice(faults, field, regions)
	for i, region := range regions {
		at := fmt.Sprintf("%s.%d", field, i)
		switch {
		case region == spec.Region:
			faults.Add(at, region+" is the stack's own region")
		case !slices.Contains(spec.Regions, region):
			faults.Add(at, fmt.Sprintf("%q is no region of the estate", region))
		}
	}
}

// replicationRules want keys, roles and buckets in all regions that copies come
// from and go to.
func replicationRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	replicated := map[string]bool{}
	security := ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity)
	for _, one := range security {
		replicated[one.spec.Region] = one.of.Replicated
	}
	for _, one := range security {
		if primary := primaryRegion(one.spec); one.of.Replicated && !replicated[primary] {
			faults.Add(StackID(one.spec)+".parameters.replicated", "needs replicated in "+primary+", whose key the other regions' are replicas of")
		}
	}
	stacks, all := map[string]aegis.DataSpec{}, ofLayer[aegis.DataSpec](specs, aegis.LayerData)
	for _, data := range all {
		stacks[data.spec.Region] = data.of
	}
	for _, data := range all {
		secretCopyRules(faults, data, stacks, replicated)
	}
	for _, edge := range ofLayer[aegis.EdgeSpec](specs, aegis.LayerEdge) {
		bucketCopyRules(faults, edge, stacks, replicated)
	}
}

func secretCopyRules(faults *aegis.InvalidError, data params[aegis.DataSpec], stacks map[string]aegis.DataSpec, replicated map[string]bool) {
	for _, name := range sortedKeys(data.of.Secrets) {
		field := StackID(data.spec) + ".parameters.secrets." + name + ".replica_regions"
		regions := data.of.Secrets[name].ReplicaRegions
		if len(regions) > 0 && !replicated[data.spec.Region] {
			faults.Add(field, "needs replicated in layer security of "+data.spec.Region)
		}
		for _, region := range regions {
			if !replicated[region] {
				faults.Add(field, "needs replicated in layer security of "+region)
			}
			if _, taken := stacks[region].Secrets[name]; taken {
				faults.Add(field, fmt.Sprintf("layer data of %s has a secret of the name %q", region, name))
			}
		}
	}
}

func bucketCopyRules(faults *aegis.InvalidError, edge params[aegis.EdgeSpec], stacks map[string]aegis.DataSpec, replicated map[string]bool) {
	for _, name := range sortedKeys(edge.of.ReplicatedBuckets) {
		field := StackID(edge.spec) + ".parameters.replicated_buckets." + name
		if !replicated[edge.spec.Region] {
			faults.Add(field, "needs replicated in layer security of "+edge.spec.Region)
		}
		for _, region := range append([]string{edge.spec.Region}, edge.of.ReplicatedBuckets[name]...) {
			if _, found := stacks[region].Buckets[name]; !found {
				faults.Add(field, fmt.Sprintf("layer data of %s has no bucket of the name %q", region, name))
			}
			if _, imported := stacks[region].Import["aws_s3_bucket::"+name]; imported {
				faults.Add(field, "the bucket in "+region+" was imported: the role that copies is for the estate's own buckets")
			}
		}
	}
}
