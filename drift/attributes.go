package drift

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

const (
	// maxValue is the longest value in a report, in bytes of JSON.
	maxValue = 16 << 10
	// maxNesting is how deep maps are compared member by member.
	maxNesting = 4
)

// departure is one drifted attribute, or resource, and what may explain it.
type departure struct {
	aegis.DriftChange

	kind     aegis.DriftKind
	resource aegis.IndexedResource
}

type departureKey struct {
	kind               aegis.DriftKind
	address, attribute string
}

func (d departure) key() departureKey { return departureKey{d.kind, d.Address, d.Attribute} }

// departures are what a drifted resource comes to, sorted by attribute.
func departures(c aegis.ResourceChange, resource aegis.IndexedResource) []departure {
	base := aegis.DriftChange{
		Address: c.Address, ResourceID: resource.CloudID(), Type: c.Type, Decision: aegis.CorrectDrift,
	}
	if c.Action == aegis.ActionDelete {
		base.Before = brief(c.Before)
		return []departure{{DriftChange: base, kind: aegis.DriftDeleted, resource: resource}}
	}
	var found []departure
	compare("", c.Before, c.After, c.Sensitive, 0, func(path string, before, after any) {
		d := base
		d.Attribute, d.Before, d.After = path, brief(before), brief(after)
		found = append(found, departure{DriftChange: d, kind: aegis.DriftChanged, resource: resource})
	})
	// All tags are tags and the defaults: say it once.
	found = slices.DeleteFunc(found, func(d departure) bool {
		rest, ok := strings.CutPrefix(d.Attribute, "tags_all")
		return ok && slices.ContainsFunc(found, func(o departure) bool { return o.Attribute == "tags"+rest || o.Attribute == "tags" })
	})
	slices.SortFunc(found, func(a, b departure) int { return cmp.Compare(a.Attribute, b.Attribute) })
	return found
}

// compare visits the paths at which two objects differ. Maps are entered,
// lists are not: their order has a meaning that is not known here.
func compare(path string, before, after map[string]any, sensitive []string, depth int, visit func(path string, before, after any)) {
	names := make([]string, 0, len(before)+len(after))
	for name := range before {
		names = append(names, name)
	}
	for name := range after {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		b, a := before[name], after[name]
		full := name
		if path != "" {
			full = path + "." + name
		}
		masked := depth == 0 && b == aegis.Masked && slices.Contains(sensitive, full)
		if equal(b, a) && !masked {
			continue
		}
		inB, okB := b.(map[string]any)
		inA, okA := a.(map[string]any)
		if okB && okA && depth < maxNesting {
			compare(full, inB, inA, sensitive, depth+1, visit)
			continue
		}
		visit(full, b, a)
	}
}

// equal compares values by their JSON.
func equal(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// brief is a value short enough for a report.
func brief(v any) any {
	text, err := json.Marshal(v)
	if err != nil || len(text) <= maxValue {
		return v
	}
	return strings.ToValidUTF8(string(text[:maxValue]), "") + fmt.Sprintf("… (%d bytes)", len(text))
}

// resourceOf is what the index knows of a drifted resource, or else what its
// own attributes say.
func resourceOf(c aegis.ResourceChange, index map[string]aegis.IndexedResource) aegis.IndexedResource {
	if r, ok := index[c.Address]; ok {
		return r
	}
	text := func(name string) string {
		s, _ := c.Before[name].(string)
		return s
	}
	return aegis.IndexedResource{
		StackID: c.StackID, Address: c.Address, Type: c.Type, Region: c.Region, ID: text("id"), ARN: text("arn"), Name: text("name"),
	}
}
