package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"github.com/aegisworld/aegis"
)

// result reads outputs, checks and the number of resources from an update.
func (r *recording) result() aegis.ApplyResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := aegis.ApplyResult{StackID: r.run.Stack.StackID, Outputs: map[string]any{}}
	for _, m := range r.done {
		if managed(m) && actionOf(m.Op) != aegis.ActionDelete {
			res.ResourceCount++
		}
	}
	res.Outputs = r.rootOutputs()
	res.Checks = checksOf(res.Outputs)
	return res
}

// rootOutputs are the stack's outputs, secrets masked.
func (r *recording) rootOutputs() map[string]any {
	for _, m := range r.done {
		if m.Type == "pulumi:pulumi:Stack" && m.New != nil {
			return plainOutputs(m.New.Outputs)
		}
	}
	return map[string]any{}
}

// otherOutputs says that the stack's outputs differ from what they were.
func (r *recording) otherOutputs() bool {
	for _, m := range r.done {
		if m.Type == "pulumi:pulumi:Stack" && m.New != nil {
			return m.Old == nil || !reflect.DeepEqual(m.Old.Outputs, m.New.Outputs)
		}
	}
	return false
}

// plainOutputs masks secrets and keeps names as they are.
func plainOutputs(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = verbatim(v)
	}
	return out
}

// verbatim keeps names as they are and masks secrets.
func verbatim(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = verbatim(x)
		}
		return out
	case map[string]any:
		if v[sig.Key] == sig.Secret {
			return aegis.Masked
		}
		return plainOutputs(v)
	default:
		return v
	}
}

// checksOf decodes the output "checks", a list or its JSON.
func checksOf(outputs map[string]any) []aegis.Check {
	checks := []aegis.Check{}
	if decodeOutput(outputs["checks"], &checks) != nil || checks == nil {
		return []aegis.Check{}
	}
	return checks
}

// decodeOutput decodes an output that is a value or its JSON.
func decodeOutput(v, into any) error {
	if s, ok := v.(string); ok {
		return json.Unmarshal([]byte(s), into)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// observation reads drift from a refresh.
func (r *recording) observation(now time.Time) aegis.Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := aegis.Observation{StackID: r.run.Stack.StackID, Drift: []aegis.ResourceChange{}, ObservedAt: now.UTC()}
	for _, m := range r.done {
		if !managed(m) {
			continue
		}
		if m.Op != apitype.OpDelete {
			seen.ResourceCount++
		}
		if d, ok := r.drift(m); ok {
			seen.Drift = append(seen.Drift, d)
		}
	}
	sortChanges(seen.Drift)
	seen.Checks = checksOf(r.rootOutputs())
	return seen
}

// drift is the difference between the state and what is real.
func (r *recording) drift(m apitype.StepEventMetadata) (aegis.ResourceChange, bool) {
	switch m.Op { //nolint:exhaustive // a refresh has no others that matter
	case apitype.OpDelete:
		return r.change(m, aegis.ActionDelete, inputs), true
	case apitype.OpUpdate:
		d := r.change(m, aegis.ActionUpdate, outputs)
		return differing(d, changedNames(m, d.Type))
	default:
		return aegis.ResourceChange{}, false
	}
}

// changedNames are the attributes that the provider says differ, which tells
// about masked ones.
func changedNames(m apitype.StepEventMetadata, tfType string) []string {
	var names []string
	for path := range m.DetailedDiff {
		top, _, _ := strings.Cut(path, ".")
		top, _, _ = strings.Cut(top, "[")
		names = append(names, attributeName(tfType, top))
	}
	return names
}
