package author

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis/policies/archive"
)

// severities are what METADATA may say.
func severities() []string { return []string{"low", "medium", "high", "critical"} }

// coded is a rule that answers with a code.
type coded struct{ effect, code string }

// codeOf reads the code in a rule's head, where it is written out: the first
// argument of a function such as lib.finding, or the attribute of an object.
func codeOf(rule *ast.Rule) (coded, bool) {
	c := coded{effect: rule.Head.Ref()[0].Value.String()}
	if rule.Head.Key == nil || !slices.Contains([]string{"deny", "warn", "require"}, c.effect) {
		return c, false
	}
	var code *ast.Term
	switch key := rule.Head.Key.Value.(type) {
	case ast.Call:
		if len(key) > 1 {
			code = key[1]
		}
	case ast.Object:
		code = key.Get(ast.StringTerm("code"))
	}
	if code == nil {
		return c, false
	}
	text, isText := code.Value.(ast.String)
	c.code = string(text)
	return c, isText
}

// incomplete warns of rules whose METADATA does not say what denials and the
// documentation take from it. A rule of several bodies has it once.
func incomplete(modules map[string]*ast.Module) (faults []Fault) {
	first, lacks := map[coded]*ast.Rule{}, map[coded][]string{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		module := modules[name]
		if place := module.Package.Path.String(); archive.IsTest(name) || place != gatePackage && !strings.HasPrefix(place, packsPackage) {
			continue
		}
		for _, rule := range module.Rules {
			c, ok := codeOf(rule)
			if !ok {
				continue
			}
			missing := lacking(rule, c.code)
			if before, seen := lacks[c]; !seen || len(missing) < len(before) {
				lacks[c] = missing
			}
			if first[c] == nil {
				first[c] = rule
			}
		}
	}
	for c, missing := range lacks {
		if len(missing) == 0 {
			continue
		}
		f := at(first[c].Location, CodeAnnotation, fmt.Sprintf("rule %s (%s) has no %s in its METADATA", c.code, c.effect, strings.Join(missing, ", ")))
		f.Severity = SeverityWarning
		faults = append(faults, f)
	}
	return faults
}

// lacking are the parts that a rule's METADATA does not have.
func lacking(rule *ast.Rule, code string) (missing []string) {
	said := map[string]string{}
	for _, a := range rule.Annotations {
		said["title"], said["description"] = a.Title, a.Description
		for name, value := range a.Custom {
			said[name] = fmt.Sprint(value)
		}
	}
	for _, part := range []string{"title", "description", "severity", "remediation"} {
		if said[part] == "" {
			missing = append(missing, part)
		}
	}
	if s := said["severity"]; s != "" && !slices.Contains(severities(), s) {
		missing = append(missing, "severity of "+strings.Join(severities(), "|"))
	}
	if said["code"] != code {
		missing = append(missing, "code: "+code)
	}
	return missing
}
