package policies

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// needs is what a compiled body can't hold without: one of the types in the
// table; "" is nothing known. Only what stands at the top of the body counts,
// neither negated nor within a comprehension.
func needs(c *ast.Compiler, body ast.Body) (tableName string, types []string) {
	v := values{compiler: c, tables: map[ast.Var]string{}, constants: map[ast.Var]*ast.Term{}, iterated: map[ast.Var]bool{}}
	v.read(body)
	for _, expr := range body {
		if expr.Negated || len(expr.With) > 0 {
			continue
		}
		if name, types := v.needed(expr); name != "" {
			return name, types
		}
	}
	return "", nil
}

// values are what the local variables of a body stand for.
type values struct {
	compiler  *ast.Compiler
	tables    map[ast.Var]string    // the types of this table
	constants map[ast.Var]*ast.Term // a constant
	iterated  map[ast.Var]bool      // what must have an element
}

func (v values) read(body ast.Body) {
	for _, expr := range body {
		if expr.Negated || !expr.IsEquality() {
			continue
		}
		local, ok := expr.Operand(0).Value.(ast.Var)
		ref, isRef := expr.Operand(1).Value.(ast.Ref)
		if !ok || !isRef {
			continue
		}
		if from, ok := ref[0].Value.(ast.Var); ok && len(ref) > 1 {
			v.iterated[from] = true
		}
		if name := typesOf(ref); name != "" {
			v.tables[local] = name
		} else if term := v.constant(ref); term != nil {
			v.constants[local] = term
		}
	}
}

// typesOf is the table of data.aegis.lib.types and its like.
func typesOf(ref ast.Ref) string {
	for _, t := range typeTables() {
		if ref.Equal(libraryRef(t.types)) {
			return t.name
		}
	}
	return ""
}

func libraryRef(names ...string) ast.Ref {
	ref := ast.DefaultRootRef.Append(ast.StringTerm("aegis")).Append(ast.StringTerm("lib"))
	for _, name := range names {
		ref = ref.Append(ast.StringTerm(name))
	}
	return ref
}

// constant is the value of a rule that is one ground value, without a body.
func (v values) constant(ref ast.Ref) *ast.Term {
	if !ref.IsGround() {
		return nil
	}
	rules := v.compiler.GetRulesExact(ref)
	if len(rules) != 1 || !single(v.compiler, rules[0]) || !rules[0].Head.Value.IsGround() || !rules[0].Body.Equal(trueBody()) {
		return nil
	}
	return rules[0].Head.Value
}

// needed is what one expression can't hold without.
func (v values) needed(expr *ast.Expr) (tableName string, types []string) {
	if expr.IsEquality() {
		if ref, ok := expr.Operand(1).Value.(ast.Ref); ok {
			return resources(ref)
		}
		return "", nil
	}
	if !expr.IsCall() || len(expr.Operands()) != 3 {
		return "", nil
	}
	a, b := expr.Operand(0), expr.Operand(1)
	out, ok := expr.Operand(2).Value.(ast.Var)
	if !ok || !v.iterated[out] {
		return "", nil
	}
	switch expr.Operator().String() {
	case ast.And.Name:
		if name := v.table(a); name != "" {
			return known(name, v.names(b))
		}
		return known(v.table(b), v.names(a))
	case ast.ObjectFilter.Name:
		return known(v.table(b), v.names(a))
	default:
		return "", nil
	}
}

func known(tableName string, types []string) (string, []string) {
	if tableName == "" || len(types) == 0 {
		return "", nil
	}
	return tableName, types
}

// resources is for a reference that begins data.aegis.lib.by_type.<type>.
func resources(ref ast.Ref) (tableName string, types []string) {
	for _, t := range typeTables() {
		prefix := libraryRef(t.name)
		if len(ref) > len(prefix) && ref.HasPrefix(prefix) {
			if name, ok := ref[len(prefix)].Value.(ast.String); ok {
				return t.name, []string{string(name)}
			}
		}
	}
	return "", nil
}

func (v values) table(term *ast.Term) string {
	switch x := term.Value.(type) {
	case ast.Var:
		return v.tables[x]
	case ast.Ref:
		return typesOf(x)
	default:
		return ""
	}
}

// names are the members of a constant set, or the keys of an object; nil when
// it is none, or has others than texts.
func (v values) names(term *ast.Term) []string {
	if local, ok := term.Value.(ast.Var); ok {
		if term = v.constants[local]; term == nil {
			return nil
		}
	}
	var keys []*ast.Term
	switch x := term.Value.(type) {
	case ast.Set:
		keys = x.Slice()
	case ast.Object:
		keys = x.Keys()
	}
	names := make([]string, 0, len(keys))
	for _, key := range keys {
		name, ok := key.Value.(ast.String)
		if !ok {
			return nil
		}
		names = append(names, string(name))
	}
	return slices.Clip(names)
}
