package policies

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// typesKey is the field that an indexed evaluation adds to the input. No field
// of an input has a colon.
const typesKey = "aegis:types"

// typeTables are the tables of data.aegis.lib that hold resources by type, and the
// rules that hold the types of each, with the actions that they are made of and
// the list that they are read from.
func typeTables() []table {
	changed := []string{"create", "update", "replace"}
	return []table{
		{name: "by_type", types: "types", list: "diff", actions: changed},
		{name: "removed_by_type", types: "removed_types", list: "diff", actions: []string{"delete", "replace"}},
		{name: "restored_by_type", types: "restored_types", list: "inverse", actions: changed},
	}
}

type table struct {
	name, types, list string
	actions           []string
}

// typeIndex makes a decision cost by what a change consists of, and not by how
// many rules there are. A rule of a set that reads resources of certain types
//
//	some c in lib.by_type.aws_subnet
//	some type in (lib.types & {"aws_alb", "aws_lb"})
//	some type, name in object.filter({"aws_ebs_volume": "size"}, lib.types)
//
// can't hold where no such resource changes. Its body gets a condition in front,
// a field of the input, by which OPA's rule index leaves the rule out without
// looking at it; the field is computed from the input before each evaluation.
// What a bundle means does not change.
type typeIndex struct {
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
func newTypeIndex() *typeIndex {
	return &typeIndex{byType: map[string]map[string][]*ast.Term{}, conditions: map[string]*ast.Term{}}
}

// guard gives the sets' rules their conditions.
func (x *typeIndex) guard(c *ast.Compiler) *ast.Error {
	for _, module := range c.Modules {
		for _, rule := range module.Rules {
			if rule.Head.RuleKind() != ast.MultiValue || rule.Else != nil {
				continue
			}
			if name, types := needs(c, rule.Body); name != "" {
				condition := ast.NewExpr(ast.RefTerm(ast.InputRootDocument, ast.StringTerm(typesKey), x.condition(name, types)))
				condition.Location = rule.Body[0].Location
				rule.Body = ast.NewBody(append([]*ast.Expr{condition}, rule.Body...)...)
			}
		}
	}
	return nil
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

// apply adds the field to an input. Where the lists are not lists, every
// condition holds.
func (x *typeIndex) apply(input ast.Value) ast.Value {
	doc, ok := input.(ast.Object)
	if x == nil || !ok {
		return input
	}
	holds := ast.NewObject()
	for _, t := range typeTables() {
		list := doc.Get(ast.InternedTerm(t.list))
		if list == nil {
			continue
		}
		changes, ok := list.Value.(*ast.Array)
		if !ok && ast.Compare(list.Value, ast.NullValue) != 0 {
			return withTypes(doc, x.all())
		}
		if ok {
			t.fill(holds, changes, x.byType[t.name])
		}
	}
	return withTypes(doc, holds)
}

func (x *typeIndex) all() ast.Object {
	holds := ast.NewObject()
	for _, term := range x.conditions {
		holds.Insert(term, ast.InternedTerm(true))
	}
	return holds
}

func (t table) fill(holds ast.Object, changes *ast.Array, byType map[string][]*ast.Term) {
	seen := map[string]bool{}
	changes.Foreach(func(change *ast.Term) {
		resource, ok := change.Value.(ast.Object)
		if !ok || !slices.Contains(t.actions, textOf(resource, "action")) {
			return
		}
		name := textOf(resource, "type")
		if seen[name] {
			return
		}
		seen[name] = true
		for _, term := range byType[name] {
			holds.Insert(term, ast.InternedTerm(true))
		}
	})
}

func textOf(o ast.Object, field string) string {
	term := o.Get(ast.InternedTerm(field))
	if term == nil {
		return ""
	}
	s, _ := term.Value.(ast.String)
	return string(s)
}

// withTypes is the input with the field, sharing all else.
func withTypes(doc ast.Object, holds ast.Object) ast.Value {
	pairs := make([][2]*ast.Term, 0, doc.Len()+1)
	doc.Foreach(func(k, v *ast.Term) { pairs = append(pairs, [2]*ast.Term{k, v}) })
	return ast.NewObject(append(pairs, [2]*ast.Term{ast.StringTerm(typesKey), ast.NewTerm(holds)})...)
}
