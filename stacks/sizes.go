package stacks

import "github.com/aegisworld/aegis"

// The sizes of an estate.
const (
	// SizeSmall is the estate that costs least and still has every layer.
	SizeSmall = "small"
	// SizePilot has all that a layer can make, sized for the first services of an
	// organisation.
	SizePilot = "pilot"
	// SizeFull is the pilot's, sized for a whole organisation.
	SizeFull = "full"
)

// Sizes lists them, the smallest first.
func Sizes() []string { return []string{SizeSmall, SizePilot, SizeFull} }

// parametersOf are a size's default parameters of a layer in the nth of the regions.
func parametersOf(size, layer, environment string, regions []string, n int) any {
	switch layer {
	case aegis.LayerNetwork:
		return networkOf(size, n)
	case aegis.LayerSecurity:
		return securityOf(size, regions)
	case aegis.LayerData:
		return dataOf(size, environment, regions, n)
	case aegis.LayerRuntime:
		return runtimeOf(size, regions, n)
	default:
		return edgeOf(size, environment, regions, n)
	}
}
