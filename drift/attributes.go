package drift

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aegisworld/aegis"
)

// maxValue is the longest value in a report, in bytes of JSON.
const maxValue = 16 << 10

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
	for _, difference := range c.Differences() {
		d := base
		d.Attribute, d.Before, d.After = difference.Attribute, brief(difference.Before), brief(difference.After)
		found = append(found, departure{DriftChange: d, kind: aegis.DriftChanged, resource: resource})
	}
	return found
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
