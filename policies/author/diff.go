package author

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis/policies/archive"
)

// Kinds of differences.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Difference is what one bundle has otherwise than another.
type Difference struct {
	Rules    []RuleDifference    `json:"rules"`
	Settings []SettingDifference `json:"settings"`
	Files    []FileDifference    `json:"files"`
}

// RuleDifference is about a rule that answers with a code.
type RuleDifference struct {
	Kind   string `json:"kind"`
	Code   string `json:"code"`
	Effect string `json:"effect"`
	// Package is where the rule is, or was.
	Package string `json:"package"`
	Title   string `json:"title"`
	// What changed: "condition", "title", "description", "severity",
	// "remediation", "package".
	What []string `json:"what,omitempty"`
}

// SettingDifference is about a value of data, at a path with slashes.
type SettingDifference struct {
	Kind   string `json:"kind"`
	Path   string `json:"path"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// FileDifference is about a file's content.
type FileDifference struct {
	Kind string `json:"kind"`
	File string `json:"file"`
}

// Empty says that both bundles are the same.
func (d Difference) Empty() bool { return len(d.Rules)+len(d.Settings)+len(d.Files) == 0 }

// Diff compares two bundles that stand alone. Signatures are no difference,
// and neither are data files whose data is the same. An error says that one of
// them can't be read.
func Diff(before, after archive.Files) (Difference, error) {
	d := Difference{Rules: []RuleDifference{}, Settings: []SettingDifference{}, Files: []FileDifference{}}
	oldRules, oldData, err := contents(before)
	if err != nil {
		return d, err
	}
	newRules, newData, err := contents(after)
	if err != nil {
		return d, err
	}
	for c, rule := range newRules {
		old, had := oldRules[c]
		switch what := rule.changes(old); {
		case !had:
			d.Rules = append(d.Rules, rule.difference(Added))
		case len(what) > 0:
			changed := rule.difference(Changed)
			changed.What = what
			d.Rules = append(d.Rules, changed)
		}
	}
	for c, rule := range oldRules {
		if _, has := newRules[c]; !has {
			d.Rules = append(d.Rules, rule.difference(Removed))
		}
	}
	slices.SortFunc(d.Rules, func(x, y RuleDifference) int {
		return cmp.Or(strings.Compare(x.Code, y.Code), strings.Compare(x.Effect, y.Effect))
	})
	d.Settings = settings(oldData, newData)
	d.Files = changedFiles(before, after)
	return d, nil
}

// documented is a rule with all that it says of itself.
type documented struct {
	coded

	at, title, description, severity, remediation, text string
}

func (r documented) difference(kind string) RuleDifference {
	return RuleDifference{Kind: kind, Code: r.code, Effect: r.effect, Package: r.at, Title: r.title}
}

func (r documented) changes(old documented) (what []string) {
	for _, part := range []struct{ name, before, after string }{
		{"condition", old.text, r.text},
		{"title", old.title, r.title},
		{"description", old.description, r.description},
		{"severity", old.severity, r.severity},
		{"remediation", old.remediation, r.remediation},
		{"package", old.at, r.at},
	} {
		if part.before != part.after {
			what = append(what, part.name)
		}
	}
	return what
}

// contents are the rules that answer with a code, and the data.
func contents(files archive.Files) (map[coded]documented, map[string]any, error) {
	modules, data, err := parsed(files)
	if err != nil {
		return nil, nil, err
	}
	rules := map[coded]documented{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		if archive.IsTest(name) {
			continue
		}
		for _, rule := range modules[name].Rules {
			if c, ok := codeOf(rule); ok {
				rules[c] = rules[c].with(c, rule, modules[name])
			}
		}
	}
	return rules, data, nil
}

// with adds one more body to what is known of a rule.
func (r documented) with(c coded, rule *ast.Rule, module *ast.Module) documented {
	r.coded, r.at = c, strings.TrimPrefix(module.Package.Path.String(), "data.")
	r.text += rule.String() + "\n"
	for _, a := range rule.Annotations {
		r.title, r.description = a.Title, strings.TrimSpace(a.Description)
		r.severity, r.remediation = custom(a, "severity"), custom(a, "remediation")
	}
	return r
}

func custom(a *ast.Annotations, name string) string {
	if value, has := a.Custom[name]; has {
		return strings.TrimSpace(fmt.Sprint(value))
	}
	return ""
}

func settings(before, after map[string]any) []SettingDifference {
	out := []SettingDifference{}
	all := slices.Concat(leaves("", before, nil), leaves("", after, nil))
	slices.Sort(all)
	for _, path := range slices.Compact(all) {
		old, had := valueAt(before, path)
		now, has := valueAt(after, path)
		s := SettingDifference{Kind: Changed, Path: path, Before: old, After: now}
		switch {
		case !had:
			s.Kind = Added
		case !has:
			s.Kind = Removed
		case same(old, now):
			continue
		}
		out = append(out, s)
	}
	return out
}

func valueAt(data map[string]any, path string) (any, bool) {
	var here any = data
	for key := range strings.SplitSeq(path, "/") {
		object, ok := here.(map[string]any)
		if !ok {
			return nil, false
		}
		if here, ok = object[key]; !ok {
			return nil, false
		}
	}
	return here, true
}

func same(x, y any) bool {
	left, leftErr := json.Marshal(x)
	right, rightErr := json.Marshal(y)
	return leftErr == nil && rightErr == nil && bytes.Equal(left, right)
}

func changedFiles(before, after archive.Files) []FileDifference {
	out := []FileDifference{}
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range all.Names() {
		old, had := before[name]
		now, has := after[name]
		switch {
		case name == archive.SignaturesName, archive.IsData(name):
		case !had:
			out = append(out, FileDifference{Added, name})
		case !has:
			out = append(out, FileDifference{Removed, name})
		case !bytes.Equal(old, now):
			out = append(out, FileDifference{Changed, name})
		}
	}
	return out
}
