package policies

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// Packages are those of the bundle's modules, such as "aegis.gate", sorted.
func (g *Gate) Packages() []string { return slices.Clone(g.packages) }

func packagesOf(b *bundle.Bundle) []string {
	names := make([]string, len(b.Modules))
	for i, m := range b.Modules {
		names[i] = strings.TrimPrefix(m.Parsed.Package.Path.String(), "data.")
	}
	slices.Sort(names)
	return slices.Compact(names)
}
