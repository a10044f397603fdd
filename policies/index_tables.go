package policies

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// tablesKey is the field of an indexed evaluation that holds the tables of
// package data.aegis.lib, which a rule of their name then reads instead of
// computing them.
const tablesKey = "aegis:tables"

// typeTable is a table of data.aegis.lib that holds resources by type, the rule
// that holds the types alone, and the list that both are made of.
type typeTable struct{ name, types, list string }

func typeTables() []typeTable {
	return []typeTable{
		{"by_type", "types", "present"},
		{"removed_by_type", "removed_types", "removed"},
		{"restored_by_type", "restored_types", "restored"},
	}
}

// tableNames are the rules that read the field.
func tableNames() []string {
	names := []string{"by_action", "undo_by_action", "present", "restored", "removed", "undo_removed"}
	for _, t := range typeTables() {
		names = append(names, t.name, t.types)
	}
	return names
}

// tableOf is the table that a reference begins with, "" when it is none.
func tableOf(ref ast.Ref) string {
	prefix := libraryRef()
	if len(ref) <= len(prefix) || !ref.HasPrefix(prefix) {
		return ""
	}
	name, _ := textOf(ref[len(prefix)])
	if !slices.Contains(tableNames(), name) {
		return ""
	}
	return name
}

func tableRef(name string) ast.Ref {
	return ast.InputRootRef.Append(ast.StringTerm(tablesKey)).Append(ast.StringTerm(name))
}

// byAction holds resources by what happens to them, in the order of their list.
type byAction map[string][]*ast.Term

// newByAction reads a list of the input as Rego would: the members of an
// object count as well, in the order of their keys.
func newByAction(input ast.Object, list string) byAction {
	rows := byAction{"create": nil, "delete": nil, "replace": nil, "update": nil}
	add := func(row *ast.Term) {
		resource, ok := row.Value.(ast.Object)
		if !ok {
			return
		}
		action, ok := textOf(resource.Get(ast.InternedTerm("action")))
		if _, known := rows[action]; ok && known {
			rows[action] = append(rows[action], row)
		}
	}
	term := input.Get(ast.InternedTerm(list))
	if term == nil {
		return rows
	}
	switch all := term.Value.(type) {
	case *ast.Array:
		all.Foreach(add)
	case ast.Object:
		all.Foreach(func(_, row *ast.Term) { add(row) })
	}
	return rows
}

func textOf(term *ast.Term) (string, bool) {
	if term == nil {
		return "", false
	}
	s, ok := term.Value.(ast.String)
	return string(s), ok
}

// left is what a change leaves behind, taken what it takes away.
func (b byAction) left() []*ast.Term {
	return append(append(append([]*ast.Term(nil), b["create"]...), b["update"]...), b["replace"]...)
}

func (b byAction) taken() []*ast.Term {
	return append(append([]*ast.Term(nil), b["delete"]...), b["replace"]...)
}

func (b byAction) value() *ast.Term {
	out := ast.NewObject()
	for action, rows := range b {
		out.Insert(ast.InternedTerm(action), ast.ArrayTerm(rows...))
	}
	return ast.NewTerm(out)
}

// group holds the resources of one type, which may be any value.
type group struct {
	name *ast.Term
	rows []*ast.Term
}

// grouped leaves out what has no type.
func grouped(rows []*ast.Term) []*group {
	var groups []*group
	known := map[string]*group{}
	for _, row := range rows {
		name := row.Value.(ast.Object).Get(ast.InternedTerm("type")) //nolint:forcetypeassert // newByAction takes nothing else
		if name == nil {
			continue
		}
		key, ok := textOf(name)
		if !ok {
			key = name.String() // in JSON, which none of AWS's types looks like
		}
		g := known[key]
		if g == nil {
			g = &group{name: name}
			known[key], groups = g, append(groups, g)
		}
		g.rows = append(g.rows, row)
	}
	return groups
}
