package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aegisworld/aegis"
)

// Adoption is the merge patch (RFC 7396) of a Terraform workspace's variables by
// which its configuration says what is real: each change's After is what its
// attribute is to be. missing are the changes for which there is no variable: only
// an expression that is one, var.x or a member of it, is taken for one. Nothing is
// written.
func (e *Engines) Adoption(ctx context.Context, run aegis.StackRun, changes []aegis.DriftChange) (patch json.RawMessage, missing []aegis.DriftChange, err error) {
	if run.Stack.Kind != aegis.TargetTerraformWorkspace || e.terraform == nil {
		return nil, nil, fmt.Errorf("look for the variables of stack %s: %w", run.Stack.StackID, aegis.ErrNotImplemented)
	}
	err = e.do(ctx, "look for the variables of", run, e.patiently(func(ctx context.Context, _ engine) error {
		patch, missing, err = e.terraform.adoption(ctx, run, changes)
		return err
	}))
	return patch, missing, err
}

func (t *terraformEngine) adoption(ctx context.Context, run aegis.StackRun, changes []aegis.DriftChange) (json.RawMessage, []aegis.DriftChange, error) {
	run.Refresh, run.Targets, run.Destroy = false, nil, false
	w, err := t.open(ctx, run, reads)
	if err != nil {
		return nil, nil, err
	}
	defer w.close()
	if _, err := w.plan(ctx, unlocked); err != nil {
		return nil, nil, err
	}
	p, err := w.shown(ctx)
	if err != nil {
		return nil, nil, err
	}
	merge := map[string]any{}
	var missing []aegis.DriftChange
	for _, c := range changes {
		path := variableOf(p.Config, c)
		if path != nil {
			if v, ok := w.declared(path[0]); !ok || v.Sensitive {
				path = nil
			}
		}
		if path == nil || c.After == aegis.Masked || c.After == nil && len(path) == 1 {
			missing = append(missing, c)
			continue
		}
		aegis.SetPath(merge, path, c.After)
	}
	patch, err := json.Marshal(merge)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the patch: %w", err)
	}
	return patch, missing, nil
}

// variableOf is the root module's variable that an attribute is, and what is to be
// found in it: "x" for var.x, "x", "y" for var.x.y. Nil is none.
func variableOf(config *tfjson.Config, c aegis.DriftChange) []string {
	if config == nil || c.Attribute == "" {
		return nil
	}
	modules, resource := splitAddress(c.Address)
	chain := []*tfjson.ConfigModule{config.RootModule}
	var calls []*tfjson.ModuleCall
	for _, name := range modules {
		last := chain[len(chain)-1]
		if last == nil || last.ModuleCalls[name] == nil {
			return nil
		}
		calls = append(calls, last.ModuleCalls[name])
		chain = append(chain, last.ModuleCalls[name].Module)
	}
	module := chain[len(chain)-1]
	if module == nil {
		return nil
	}
	var expressions map[string]*tfjson.Expression
	for _, r := range module.Resources {
		if r.Mode == tfjson.ManagedResourceMode && r.Address == resource {
			expressions = r.Expressions
		}
	}
	top, rest, nested := strings.Cut(c.Attribute, ".")
	path := referred(expressions[top])
	if path != nil && nested {
		path = append(path, rest) // a member of a map, such as a tag, whose name may have dots
	}
	for i := len(calls) - 1; i >= 0 && path != nil; i-- {
		outer := referred(calls[i].Expressions[path[0]])
		if outer == nil {
			return nil
		}
		path = append(outer, path[1:]...)
	}
	return path
}

// referred is the path of the one variable that an expression refers to. That it
// is no more than that variable, its plan has to show.
func referred(e *tfjson.Expression) []string {
	if e == nil || e.ExpressionData == nil || len(e.References) == 0 || len(e.NestedBlocks) > 0 {
		return nil
	}
	path, ok := strings.CutPrefix(e.References[0], "var.")
	if !ok || strings.Contains(path, "[") {
		return nil
	}
	for _, r := range e.References[1:] { // var.x.y comes with var.x
		if !strings.HasPrefix(e.References[0], r+".") {
			return nil
		}
	}
	return strings.Split(path, ".")
}

// splitAddress takes "module.a[0].module.b.aws_x.y["k"]" apart: the names of the
// modules, and the resource's address in its own, both without keys.
func splitAddress(address string) (modules []string, resource string) {
	var plain strings.Builder
	depth, quoted, escaped := 0, false, false
	for _, r := range address {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case depth > 0 && r == '"':
			quoted = !quoted
		case !quoted && r == '[':
			depth++
		case !quoted && r == ']':
			depth--
		case depth == 0:
			plain.WriteRune(r)
		}
	}
	parts := strings.Split(plain.String(), ".")
	for len(parts) > 3 && parts[0] == "module" {
		modules, parts = append(modules, parts[1]), parts[2:]
	}
	return modules, strings.Join(parts, ".")
}
