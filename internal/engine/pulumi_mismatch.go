package engine

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"github.com/aegisworld/aegis"
)

// ownInputs are the inputs of an imported resource that an import may change: the tags
// that say whose it is. A provider counts its id among them.
var ownInputs = []string{"tags", "tagsAll", "id"} //nolint:gochecknoglobals // constant

// mismatch is an InvalidError that names each attribute in which something that is
// to be imported is not what the stack declares: an import changes nothing but tags.
func (r *recording) mismatch() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	faults := &aegis.InvalidError{}
	for _, urn := range slices.Sorted(maps.Keys(r.imported)) {
		m := r.planned[urn]
		if m.Op == apitype.OpImport {
			continue
		}
		var names []string
		for _, path := range m.Diffs {
			if !slices.Contains(ownInputs, path) && asksOtherwise(m, path) {
				names = append(names, attributeName(terraformType(m.Type), path))
			}
		}
		if len(names) > 0 {
			slices.Sort(names)
			faults.Add("parameters.import."+addressOf(urn), "the real thing differs from what the parameters ask for in "+strings.Join(names, ", "))
		}
	}
	return faults.OrNil()
}

// asksOtherwise says that the stack asks for another value of an input than there
// is. Providers name what follows from that, too. Secrets are masked: what the
// provider says of them stands.
func asksOtherwise(m apitype.StepEventMetadata, name string) bool {
	if m.Old == nil || m.New == nil {
		return true
	}
	was, wanted := m.Old.Inputs[name], m.New.Inputs[name]
	return secret(was) || secret(wanted) || !reflect.DeepEqual(was, wanted)
}

func secret(v any) bool {
	object, ok := v.(map[string]any)
	return ok && object[sig.Key] == sig.Secret
}
