package author

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis/policies"
)

// impure finds the built-in functions that OPA has and rules may not use.
func impure(modules map[string]*ast.Module) (faults []Fault) {
	refused := refusedBuiltins()
	look := func(called *ast.Term) {
		if called == nil {
			return
		}
		ref, isRef := called.Value.(ast.Ref)
		if !isRef || !refused[ref.String()] {
			return
		}
		name := ref.String()
		reads, remedy := impurity(name)
		faults = append(faults, at(called.Location, CodeImpure, fmt.Sprintf(
			"%s may not be used: it %s, and a decision must come out the same when it is replayed on its recorded input. %s", name, reads, remedy)))
	}
	for _, module := range modules {
		ast.WalkExprs(module, func(e *ast.Expr) bool {
			if e.IsCall() {
				look(e.OperatorTerm())
			}
			for _, with := range e.With {
				look(with.Target)
			}
			return false
		})
		ast.WalkTerms(module, func(t *ast.Term) bool {
			if call, ok := t.Value.(ast.Call); ok {
				look(call[0])
			}
			return false
		})
	}
	return faults
}

// refusedBuiltins are OPA's without those of policies.Capabilities.
func refusedBuiltins() map[string]bool {
	refused := map[string]bool{}
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		refused[b.Name] = true
	}
	for _, b := range policies.Capabilities().Builtins {
		delete(refused, b.Name)
	}
	return refused
}

// impurity says what a function depends on, and what to do instead.
func impurity(name string) (reads, remedy string) {
	switch name {
	case ast.HTTPSend.Name, ast.NetLookupIPAddr.Name:
		return "asks the network", "Put what it would ask for into data.json, and push that when it changes."
	case ast.OPARuntime.Name:
		return "reads the host's configuration and environment", "Put what it would read into data.json."
	case ast.NowNanos.Name:
		return "reads the clock", "Take the time of the decision: time.parse_rfc3339_ns(input.now)."
	case ast.Trace.Name:
		return "writes into a trace", "Use print, which aegis policy test shows."
	default:
		return "depends on chance", "Derive it from the input, such as input.change_set.change_set_id."
	}
}
