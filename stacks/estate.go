package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/aegisworld/aegis"
)

// Layers are the estate's layers in the order in which they are created.
func Layers() []string { return aegis.EstateLayers() }

// Plan describes a whole estate: the defaults of a size, and what differs.
type Plan struct {
	Size, Environment string
	// Regions are the estate's, the primary first.
	Regions []string
	// Layers are RFC 7396 merge patches of the parameters of all stacks of a layer;
	// Stacks, which come after them, of a single stack.
	Layers, Stacks map[string]json.RawMessage
}

// Estate returns the default specs of a whole estate; see Plan.Specs.
func Estate(size, environment string, regions []string) ([]aegis.Spec, error) {
	return Plan{Size: size, Environment: environment, Regions: regions}.Specs()
}

// Specs are the plan's stacks in creation order: layer by layer, in each the
// primary region before the others. It returns an InvalidError with all faults
// of all stacks, each field with its stack's id in front.
func (p Plan) Specs() ([]aegis.Spec, error) {
	if !slices.Contains(Sizes(), p.Size) {
		return nil, aegis.Invalid("size", fmt.Sprintf("%q is not one of: %s", p.Size, strings.Join(Sizes(), ", ")))
	}
	if len(p.Regions) == 0 {
		return nil, aegis.Invalid("regions", "name at least one region")
	}
	faults := &aegis.InvalidError{}
	p.unknownNames(faults)
	var specs []aegis.Spec
	for _, layer := range Layers() {
		for i, region := range p.Regions {
			spec, err := p.spec(faults, layer, region, i)
			if err != nil {
				return nil, err
			}
			specs = append(specs, spec)
		}
	}
	if len(faults.Faults) == 0 {
		estateRules(faults, specs)
	}
	return specs, faults.OrNil()
}

// unknownNames finds patches of nothing.
func (p Plan) unknownNames(faults *aegis.InvalidError) {
	for _, layer := range sortedKeys(p.Layers) {
		if !slices.Contains(Layers(), layer) {
			faults.Add("layers."+layer, "is not one of: "+strings.Join(Layers(), ", "))
		}
	}
	for _, id := range sortedKeys(p.Stacks) {
		name, err := aegis.ParseStackID(id)
		if err != nil || name.Environment != p.Environment || !slices.Contains(Layers(), name.Layer) || !slices.Contains(p.Regions, name.Region) {
			faults.Add("stacks."+id, "is no stack of this estate, such as "+stackID(p.Environment, aegis.LayerRuntime, p.Regions[0]))
		}
	}
}

// spec is one stack's, n the number of its region. Its error is no fault of the
// plan's.
func (p Plan) spec(faults *aegis.InvalidError, layer, region string, n int) (aegis.Spec, error) {
	params, err := json.Marshal(parametersOf(p.Size, layer, p.Environment, p.Regions, n))
	if err != nil {
		return aegis.Spec{}, fmt.Errorf("encode parameters of layer %s: %w", layer, err)
	}
	spec := aegis.Spec{
		Version: aegis.SpecVersion, Layer: layer, Environment: p.Environment, Region: region,
		Regions: slices.Clone(p.Regions), Parameters: params,
	}
	id := StackID(spec)
	for _, given := range []struct {
		field string
		patch json.RawMessage
	}{{"layers." + layer, p.Layers[layer]}, {"stacks." + id, p.Stacks[id]}} {
		if given.patch == nil {
			continue
		}
		if !strings.HasPrefix(strings.TrimSpace(string(given.patch)), "{") {
			faults.Add(given.field, "is not an object of parameters")
			return spec, nil
		}
		if spec.Parameters, err = jsonpatch.MergePatch(spec.Parameters, given.patch); err != nil {
			return spec, aegis.Invalid(id, err.Error())
		}
	}
	err = Validate(spec)
	if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
		for _, f := range invalid.Faults {
			faults.Add(id+"."+f.Field, f.Message)
		}
		return spec, nil
	}
	return spec, err
}

// dataDependsOn lists what layer data needs beside security: the network of its
// servers, the primary region's stack, whose global databases it joins, and the
// keys of the regions that have copies of its secrets.
func dataDependsOn(spec aegis.Spec, params aegis.DataSpec) []string {
	var needed []string
	if primary := primaryRegion(spec); primary != spec.Region && slices.ContainsFunc(slices.Collect(maps.Values(params.Databases)), isGlobal) {
		needed = append(needed, stackID(spec.Environment, aegis.LayerData, primary))
	}
	if needsNetwork(params) {
		needed = append(needed, stackID(spec.Environment, aegis.LayerNetwork, spec.Region))
	}
	var replicas []string
	for _, secret := range params.Secrets {
		replicas = append(replicas, secret.ReplicaRegions...)
	}
	slices.Sort(replicas)
	return append(needed, stackIDs(spec.Environment, aegis.LayerSecurity, slices.Compact(replicas))...)
}

func isGlobal(spec aegis.DatabaseSpec) bool { return spec.Global }

// DependsOn lists the ids of the stacks whose outputs the stack of spec
// reads: they must be applied before it.
func DependsOn(spec aegis.Spec) []string {
	same := func(layer string) string { return stackID(spec.Environment, layer, spec.Region) }
	switch spec.Layer {
	case aegis.LayerNetwork:
		return networkDependsOn(spec, same(aegis.LayerSecurity))
	case aegis.LayerData:
		var params aegis.DataSpec
		_ = json.Unmarshal(spec.Parameters, &params) // what can't be read needs nothing more
		return append(dataDependsOn(spec, params), same(aegis.LayerSecurity))
	case aegis.LayerSecurity:
		var params aegis.SecuritySpec
		_ = json.Unmarshal(spec.Parameters, &params) // Validate says what is wrong with it
		if primary := primaryRegion(spec); params.Replicated && primary != spec.Region {
			return []string{stackID(spec.Environment, aegis.LayerSecurity, primary)}
		}
	case aegis.LayerRuntime:
		ids := []string{same(aegis.LayerNetwork), same(aegis.LayerSecurity)}
		var params aegis.RuntimeSpec
		if err := json.Unmarshal(spec.Parameters, &params); err == nil && params.LoadBalancer != nil && params.LoadBalancer.CertificateARN == "" {
			ids = append(ids, same(aegis.LayerEdge))
		}
		return ids
	case aegis.LayerEdge:
		return edgeDependsOn(spec)
	}
	return nil
}

func networkDependsOn(spec aegis.Spec, security string) (ids []string) {
	var params aegis.NetworkSpec
	_ = json.Unmarshal(spec.Parameters, &params) // Validate says what is wrong with it
	if params.FlowLogDays > 0 {
		ids = append(ids, security)
	}
	if params.Peered {
		ids = append(ids, stackIDs(spec.Environment, aegis.LayerNetwork, regionsBefore(spec))...)
	}
	return ids
}

func edgeDependsOn(spec aegis.Spec) (ids []string) {
	var params aegis.EdgeSpec
	_ = json.Unmarshal(spec.Parameters, &params) // Validate says what is wrong with it
	if primary := primaryRegion(spec); primary != spec.Region {
		ids = append(ids, stackID(spec.Environment, aegis.LayerEdge, primary))
	}
	if later := regionsAfter(spec); params.Peered && len(later) > 0 {
		ids = append(ids, stackIDs(spec.Environment, aegis.LayerNetwork, append([]string{spec.Region}, later...))...)
	}
	if len(params.ReplicatedBuckets) == 0 {
		return ids
	}
	regions := []string{spec.Region}
	for _, to := range params.ReplicatedBuckets {
		regions = append(regions, to...)
	}
	slices.Sort(regions)
	regions = slices.Compact(regions)
	ids = append(ids, stackIDs(spec.Environment, aegis.LayerSecurity, regions)...)
	return append(ids, stackIDs(spec.Environment, aegis.LayerData, regions)...)
}

func stackIDs(environment, layer string, regions []string) (ids []string) {
	for _, region := range regions {
		ids = append(ids, stackID(environment, layer, region))
	}
	return ids
}
