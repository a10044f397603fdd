package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// overlay lays overrides over data.aegis.settings of the bundle: objects are
// merged, anything else is replaced. A name that the bundle does not have is
// refused, since a misspelt limit would be no limit.
func overlay(b *bundle.Bundle, overrides map[string]any) error {
	if len(overrides) == 0 {
		return nil
	}
	root, ok := b.Data["aegis"].(map[string]any)
	if !ok {
		return fmt.Errorf("override policy settings: the bundle has no data.aegis.settings")
	}
	settings, ok := root["settings"].(map[string]any)
	if !ok {
		return fmt.Errorf("override policy settings: the bundle has no data.aegis.settings")
	}
	for name := range overrides {
		if _, known := settings[name]; !known {
			return fmt.Errorf("override policy settings: unknown setting %q; the bundle has %s", name,
				strings.Join(slices.Sorted(maps.Keys(settings)), ", "))
		}
	}
	root["settings"] = merge(settings, overrides)
	return nil
}

func merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	for k, v := range over {
		below, isObject := v.(map[string]any)
		old, wasObject := merged[k].(map[string]any)
		if isObject && wasObject {
			merged[k] = merge(old, below)
			continue
		}
		merged[k] = v
	}
	return merged
}
