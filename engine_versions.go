package aegis

import (
	"maps"
	"slices"
	"strings"
)

// EngineVersions are what read a stack: what one version calls unchanged, another
// may read differently.
type EngineVersions struct {
	// Engine is its name and version, such as "terraform 1.11.4".
	Engine string `json:"engine,omitempty"`
	// Providers are versions by the provider's short name, such as "aws".
	Providers map[string]string `json:"providers,omitempty"`
}

// Upgrade tells what is of another version in next, such as
// "aws 5.99.0 to 5.100.0"; "" is nothing that both know.
func (v EngineVersions) Upgrade(next EngineVersions) string {
	var changes []string
	name, version, _ := strings.Cut(v.Engine, " ")
	now, newer, _ := strings.Cut(next.Engine, " ")
	if name == now && name != "" && version != newer {
		changes = append(changes, name+" "+version+" to "+newer)
	}
	for _, p := range slices.Sorted(maps.Keys(v.Providers)) {
		if to, ok := next.Providers[p]; ok && to != v.Providers[p] {
			changes = append(changes, p+" "+v.Providers[p]+" to "+to)
		}
	}
	return strings.Join(changes, ", ")
}
