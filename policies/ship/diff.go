package ship

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

// The types of the resources that a bundle consists of.
const (
	typeModule = "policy_module"
	typeData   = "policy_data"
)

// difference has a change for each file that differs, by path. Signatures are
// no part of it: they differ whenever anything does.
func difference(running, candidate archive.Files) []aegis.ResourceChange {
	all := maps.Clone(running)
	maps.Copy(all, candidate)
	var out []aegis.ResourceChange
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, was := running[name]
		after, will := candidate[name]
		kind := kindOf(name)
		if kind == "" || was && will && bytes.Equal(before, after) {
			continue
		}
		c := aegis.ResourceChange{Address: name, Type: kind, Action: aegis.ActionUpdate}
		if was {
			c.Before = attributes(before)
		} else {
			c.Action = aegis.ActionCreate
		}
		if will {
			c.After = attributes(after)
		} else {
			c.Action = aegis.ActionDelete
		}
		out = append(out, c)
	}
	return out
}

func kindOf(name string) string {
	base := path.Base(name)
	switch {
	case base == ".signatures.json":
		return ""
	case strings.HasSuffix(base, ".rego"):
		return typeModule
	default:
		return typeData
	}
}

func attributes(content []byte) map[string]any {
	sum := sha256.Sum256(content)
	return map[string]any{"sha256": hex.EncodeToString(sum[:]), "lines": bytes.Count(content, []byte("\n"))}
}

// modules are the modules that a difference changes.
func modules(diff []aegis.ResourceChange) []aegis.PolicyModule {
	out := []aegis.PolicyModule{}
	for _, c := range diff {
		if c.Type == typeModule {
			out = append(out, aegis.PolicyModule{Path: c.Address, Action: c.Action})
		}
	}
	return out
}
