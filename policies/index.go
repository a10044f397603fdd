package policies

import (
	"bytes"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// typesKey is a field that an indexed evaluation adds to the input: the
// conditions that hold. No field of an input has a colon.
const typesKey = "aegis:types"

// typeIndex makes a decision cost by what a change consists of, and not by how
// many rules there are. A rule of a set that reads resources of certain types
//
//	some c in lib.by_type.aws_subnet
//	some type in (lib.types & {"aws_alb", "aws_lb"})
//	some type, name in object.filter({"aws_ebs_volume": "size"}, lib.types)
//
// can't hold where no such resource changes. Its body gets a condition in front,
// a field of the input, by which OPA's rule index leaves the rule out without
// looking at it. That field, and another with the tables of the library, are
// computed from the input before each evaluation. What is the same for every
// input, the bundle's data and sets of it, is put in the place of references to
// it. What a bundle means does not change.
type typeIndex struct {
	data map[string]any
	// names are the references that rules are mere names for.
	names map[string]ast.Ref
	// byType are the conditions that a table's having a type fulfils.
	byType map[string]map[string][]*ast.Term
	// conditions are all conditions, by table and types.
	conditions map[string]*ast.Term
}

// indexable says that the bundle's library is the one whose tables this file
// knows, and that no rule evaluates another under an input of its own.
func indexable(b *bundle.Bundle) bool {
	var library [][]byte
	for _, m := range b.Modules {
		if m.Parsed.Package.Path.String() == "data.aegis.lib" {
			library = append(library, m.Raw)
		}
	}
	slices.SortFunc(library, bytes.Compare)
	return slices.EqualFunc(library, knownLibrary(), bytes.Equal) &&
		!slices.ContainsFunc(b.Modules, func(m bundle.ModuleFile) bool { return replacesInput(m.Parsed) })
}

// knownLibrary are the sources of package data.aegis.lib of the embedded bundle,
// sorted.
func knownLibrary() [][]byte {
	paths, _ := fs.Glob(embedded, "bundle/aegis/lib/*.rego") // the pattern is well formed
	var sources [][]byte
	for _, path := range paths {
		if source, err := embedded.ReadFile(path); err == nil && !isTest(path) {
			sources = append(sources, source)
		}
	}
	slices.SortFunc(sources, bytes.Compare)
	return sources
}

func replacesInput(m *ast.Module) bool {
	found := false
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		found = found || len(e.With) > 0
		return found
	})
	return found
}

// newTypeIndex is a compiler stage's work: it runs on bodies that are rewritten
// and checked, before OPA builds its own index.
func newTypeIndex(data map[string]any) *typeIndex {
	return &typeIndex{data: data, names: map[string]ast.Ref{}, byType: map[string]map[string][]*ast.Term{}, conditions: map[string]*ast.Term{}}
}

// rewrite is the compiler stage: sets become constants, sets' rules get their
// conditions, then references are shortened, those to tables to the input's.
func (x *typeIndex) rewrite(c *ast.Compiler) *ast.Error {
	for rule := range rulesOf(c) {
		if target := namedBy(c, rule); target != nil {
			x.names[rule.Ref().String()] = target
		}
	}
	for rule := range rulesOf(c) {
		if set := x.constantSet(c, rule); set != nil {
			rule.Head.Value, rule.Body = set, trueBody()
		}
	}
	for rule := range rulesOf(c) {
		x.guard(c, rule)
	}
	for rule := range rulesOf(c) {
		x.shorten(c, rule)
	}
	return nil
}

func rulesOf(c *ast.Compiler) iter.Seq[*ast.Rule] {
	return func(yield func(*ast.Rule) bool) {
		for _, module := range c.Modules {
			for _, rule := range module.Rules {
				if !yield(rule) {
					return
				}
			}
		}
	}
}

// guard gives a set's rule its condition.
func (x *typeIndex) guard(c *ast.Compiler, rule *ast.Rule) {
	if rule.Head.RuleKind() != ast.MultiValue || rule.Else != nil {
		return
	}
	if name, types := needs(c, rule.Body); name != "" {
		condition := ast.NewExpr(ast.RefTerm(ast.InputRootDocument, ast.StringTerm(typesKey), x.condition(name, types)))
		condition.Location = rule.Body[0].Location
		rule.Body = ast.NewBody(append([]*ast.Expr{condition}, rule.Body...)...)
	}
}

func (x *typeIndex) condition(name string, types []string) *ast.Term {
	slices.Sort(types)
	key := name + " " + strings.Join(types, " ")
	if term, ok := x.conditions[key]; ok {
		return term
	}
	term := ast.StringTerm(key)
	x.conditions[key] = term
	if x.byType[name] == nil {
		x.byType[name] = map[string][]*ast.Term{}
	}
	for _, t := range types {
		x.byType[name][t] = append(x.byType[name][t], term)
	}
	return term
}

// apply adds the fields to an input.
func (x *typeIndex) apply(input ast.Value) ast.Value {
	doc, ok := input.(ast.Object)
	if x == nil || !ok {
		return input
	}
	changed, undone := newByAction(doc, "diff"), newByAction(doc, "inverse")
	lists := map[string][]*ast.Term{
		"present": changed.left(), "removed": changed.taken(), "restored": undone.left(), "undo_removed": undone.taken(),
	}
	holds, tables := ast.NewObject(), ast.NewObject(
		ast.Item(ast.InternedTerm("by_action"), changed.value()), ast.Item(ast.InternedTerm("undo_by_action"), undone.value()))
	for name, rows := range lists {
		tables.Insert(ast.InternedTerm(name), ast.ArrayTerm(rows...))
	}
	for _, t := range typeTables() {
		table, types := ast.NewObject(), ast.NewSet()
		for _, g := range grouped(lists[t.list]) {
			table.Insert(g.name, ast.ArrayTerm(g.rows...))
			types.Add(g.name)
			name, _ := textOf(g.name)
			for _, condition := range x.byType[t.name][name] {
				holds.Insert(condition, ast.InternedTerm(true))
			}
		}
		tables.Insert(ast.InternedTerm(t.name), ast.NewTerm(table))
		tables.Insert(ast.InternedTerm(t.types), ast.NewTerm(types))
	}
	return with(doc, map[string]ast.Value{typesKey: holds, tablesKey: tables})
}

// with is the input with more fields, sharing all else.
func with(doc ast.Object, more map[string]ast.Value) ast.Value {
	pairs := make([][2]*ast.Term, 0, doc.Len()+len(more))
	doc.Foreach(func(k, v *ast.Term) { pairs = append(pairs, [2]*ast.Term{k, v}) })
	for name, value := range more {
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm(name), ast.NewTerm(value)})
	}
	return ast.NewObject(pairs...)
}
