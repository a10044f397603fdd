package policies

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

func trueBody() ast.Body { return ast.NewBody(ast.NewExpr(ast.BooleanTerm(true))) }

// constantSet is the value of a compiled rule that is the set of a list in the
// bundle's data, as {x | some x in data.aegis.settings.list}; nil for any other.
func (x *typeIndex) constantSet(c *ast.Compiler, rule *ast.Rule) *ast.Term {
	set, ok := definition(c, rule).(*ast.SetComprehension)
	if !ok || len(set.Body) != 1 {
		return nil
	}
	element, value := equality(set.Body[0])
	ref, ok := value.(ast.Ref)
	if !ok || !element.Equal(set.Term.Value) || len(ref) < 2 {
		return nil
	}
	if position, ok := ref[len(ref)-1].Value.(ast.Var); !ok || position.Equal(element) || !ref[:len(ref)-1].IsGround() {
		return nil
	}
	return x.setOf(x.resolve(c, ref[:len(ref)-1]))
}

// single says that the rule is the only one of its name, and has one value
// whatever it is asked.
func single(c *ast.Compiler, rule *ast.Rule) bool {
	return rule.Head.RuleKind() == ast.SingleValue && rule.Head.Value != nil && len(rule.Head.Args) == 0 && !rule.Default && rule.Else == nil &&
		len(c.GetRulesExact(rule.Ref())) == 1
}

// definition is what a compiled rule of one expression is by that; nil for any
// other.
func definition(c *ast.Compiler, rule *ast.Rule) ast.Value {
	if !single(c, rule) || len(rule.Body) != 1 {
		return nil
	}
	local, value := equality(rule.Body[0])
	if value == nil || !local.Equal(rule.Head.Value.Value) {
		return nil
	}
	return value
}

// equality is a variable and what it equals; nil is another kind of expression.
func equality(e *ast.Expr) (local ast.Var, value ast.Value) {
	if e.Negated || len(e.With) > 0 || !e.IsEquality() {
		return "", nil
	}
	local, ok := e.Operand(0).Value.(ast.Var)
	if !ok {
		return "", nil
	}
	return local, e.Operand(1).Value
}

// namedBy is what a compiled rule is a mere name for, as data.aegis.lib.settings;
// nil for any other.
func namedBy(c *ast.Compiler, rule *ast.Rule) ast.Ref {
	target, ok := definition(c, rule).(ast.Ref)
	if !ok || !target.IsGround() || !target.HasPrefix(ast.DefaultRootRef) {
		return nil
	}
	return target
}

// resolve follows names; nil is what rules compute.
func (x *typeIndex) resolve(c *ast.Compiler, ref ast.Ref) ast.Ref {
	for i := len(ref); i > 1; i-- {
		if target := x.names[ref[:i].String()]; target != nil {
			return x.resolve(c, target.Concat(ref[i:]))
		}
		if len(c.GetRulesExact(ref[:i])) > 0 {
			return nil
		}
	}
	if len(c.GetRules(ref)) > 0 {
		return nil
	}
	return ref
}

// setOf is the set of a list in the data; nil when there is none.
func (x *typeIndex) setOf(ref ast.Ref) *ast.Term {
	list, ok := x.lookup(ref).(*ast.Array)
	if !ok {
		return nil
	}
	set := ast.NewSet()
	list.Foreach(set.Add)
	return ast.NewTerm(set)
}

// lookup is the data that a ground reference means; nil when there is none.
func (x *typeIndex) lookup(ref ast.Ref) ast.Value {
	if len(ref) < 2 || !ref.HasPrefix(ast.DefaultRootRef) {
		return nil
	}
	var at any = x.data
	for _, part := range ref[1:] {
		name, ok := textOf(part)
		object, isObject := at.(map[string]any)
		if !ok || !isObject {
			return nil
		}
		if at, ok = object[name]; !ok {
			return nil
		}
	}
	value, err := ast.InterfaceToValue(at)
	if err != nil {
		return nil
	}
	return value
}

// shorten puts in a compiled rule, in the place of a reference, the table or the
// data that it means, or the reference that another rule is a name for.
func (x *typeIndex) shorten(c *ast.Compiler, rule *ast.Rule) {
	for ; rule != nil; rule = rule.Else {
		ast.WalkTerms(rule.Body, func(term *ast.Term) bool {
			ref, ok := term.Value.(ast.Ref)
			if !ok {
				return false
			}
			if value := x.short(c, ref); value != nil { // else the term may be one of OPA's own, which all compilers share
				term.Value = value
			}
			return true
		})
	}
}

// short is nil for a reference that stays.
func (x *typeIndex) short(c *ast.Compiler, ref ast.Ref) ast.Value {
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return nil
	}
	if name := tableOf(ref); name != "" {
		return tableRef(name).Concat(ref[len(libraryRef(name)):])
	}
	ground := ref.GroundPrefix()
	target := x.resolve(c, ground)
	if target == nil {
		return nil
	}
	if value := x.lookup(target); value != nil && len(ground) == len(ref) {
		return value
	}
	return target.Concat(ref[len(ground):])
}
