package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aegisworld/aegis"
)

// importSpec initialises and reads a workspace, and makes a spec of the values
// that its variables have: from files, from the source and from defaults, with
// the types that the configuration gives them. Sensitive ones are no part of it.
func (t *terraformEngine) importSpec(ctx context.Context, stack aegis.Stack) (aegis.Spec, error) {
	w, err := t.open(ctx, aegis.StackRun{Stack: stack, Refresh: true}, reads)
	if err != nil {
		return aegis.Spec{}, err
	}
	defer w.close()
	if _, err := w.plan(ctx, unlocked, "-refresh-only"); err != nil {
		return aegis.Spec{}, err
	}
	text, err := w.output(ctx, "show", "-json", "-no-color", w.planFile())
	if err != nil {
		return aegis.Spec{}, w.failure("read the plan", err, nil)
	}
	var p struct {
		Variables map[string]struct {
			Value json.RawMessage `json:"value"`
		} `json:"variables"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return aegis.Spec{}, fmt.Errorf("decode the plan: %w", err)
	}
	values := map[string]json.RawMessage{}
	for _, v := range w.config.Variables {
		// A merge patch has no null: what is null is not there.
		if value := p.Variables[v.Name].Value; !v.Sensitive && len(value) > 0 && string(value) != "null" {
			values[v.Name] = value
		}
	}
	parameters, err := json.Marshal(values)
	if err != nil {
		return aegis.Spec{}, fmt.Errorf("encode the variables: %w", err)
	}
	return aegis.Spec{
		Version: aegis.SpecVersion, Layer: stack.Layer, Environment: stack.Environment, Region: stack.Region,
		Parameters: parameters, Variables: w.config.Variables,
	}, nil
}
