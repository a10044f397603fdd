package stacks

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// SizeSmall is the estate that costs least and still has every layer.
const SizeSmall = "small"

// Layers are the estate's layers in the order in which they are created.
func Layers() []string {
	return []string{
		aegis.LayerNetwork, aegis.LayerSecurity, aegis.LayerData, aegis.LayerRuntime, aegis.LayerEdge,
	}
}

// Estate returns the default specs of a whole estate in creation order: layer
// by layer, in each the primary region, which is the first, before the others.
// It returns an InvalidError for an unknown size, environment or region.
func Estate(size, environment string, regions []string) ([]aegis.Spec, error) {
	if size != SizeSmall {
		return nil, aegis.Invalid("size", fmt.Sprintf("%q is not one of: %s", size, SizeSmall))
	}
	if len(regions) == 0 {
		return nil, aegis.Invalid("regions", "name at least one region")
	}
	var specs []aegis.Spec
	for _, layer := range Layers() {
		for i, region := range regions {
			params, err := json.Marshal(smallParameters(layer, environment, i))
			if err != nil {
				return nil, fmt.Errorf("encode parameters of layer %s: %w", layer, err)
			}
			spec := aegis.Spec{
				Version: aegis.SpecVersion, Layer: layer, Environment: environment, Region: region,
				Regions: slices.Clone(regions), Parameters: params,
			}
			if err := Validate(spec); err != nil {
				return nil, err
			}
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// DependsOn lists the ids of the stacks whose outputs the stack of spec
// reads: they must be applied before it.
func DependsOn(spec aegis.Spec) []string {
	same := func(layer string) string { return stackID(spec.Environment, layer, spec.Region) }
	switch spec.Layer {
	case aegis.LayerData:
		return []string{same(aegis.LayerSecurity)}
	case aegis.LayerRuntime:
		return []string{same(aegis.LayerNetwork), same(aegis.LayerSecurity)}
	case aegis.LayerEdge:
		if primary := primaryRegion(spec); primary != spec.Region {
			return []string{stackID(spec.Environment, aegis.LayerEdge, primary)}
		}
	}
	return nil
}
