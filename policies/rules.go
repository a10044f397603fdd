package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// packsPath is the package below which every pack has one of its own.
const packsPath = "data.aegis.packs."

// Rule documents one code that a rule of the bundle can answer with, from the
// rule's METADATA annotation.
type Rule struct {
	// Code is stable, such as "world_open_admin_port".
	Code        string `json:"code"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// Severity is "low", "medium", "high" or "critical".
	Severity string `json:"severity"`
	// Remediation says in a sentence what to do about it.
	Remediation string `json:"remediation"`
	// Effect is "deny", "warn" or "require", unless a switch makes it less.
	Effect string `json:"effect"`
	// Pack is the name under which the rule's pack is switched, such as
	// "network"; "" for a rule of package aegis.gate, which has no switch.
	Pack string `json:"pack,omitempty"`
	// Controls are the ids of the controls that it corresponds to, such as
	// "FSBP:EC2.19" (AWS Foundational Security Best Practices) or
	// "CIS-3.0.0:5.2" (CIS AWS Foundations Benchmark, version 3.0.0).
	Controls []string `json:"controls,omitempty"`
}

// Pack documents the rules that one switch is about.
type Pack struct {
	// Name is the last part of its package, such as "network".
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// Rules are sorted by effect and code.
	Rules []Rule `json:"rules"`
}

// Rules lists the rules of the embedded bundle, sorted by effect and code. It
// returns an error when the bundle can't be read, which a test rules out.
func Rules() ([]Rule, error) {
	c, err := compileEmbedded()
	if err != nil {
		return nil, err
	}
	return annotatedRules(c), nil
}

// Packs lists the packs of the embedded bundle, sorted by name, with their
// rules. It returns an error when the bundle can't be read, which a test rules
// out.
func Packs() ([]Pack, error) {
	c, err := compileEmbedded()
	if err != nil {
		return nil, err
	}
	rules := annotatedRules(c)
	var packs []Pack
	for _, ref := range c.GetAnnotationSet().Flatten() {
		name, isPack := strings.CutPrefix(ref.Path.String(), packsPath)
		if !isPack || ref.Annotations == nil || ref.Annotations.Scope != "package" {
			continue
		}
		packs = append(packs, Pack{
			Name: name, Title: ref.Annotations.Title, Description: strings.TrimSpace(ref.Annotations.Description),
			Rules: slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Pack != name }),
		})
	}
	slices.SortFunc(packs, func(x, y Pack) int { return strings.Compare(x.Name, y.Name) })
	return packs, nil
}

func compileEmbedded() (*ast.Compiler, error) {
	b, err := readBundle("")
	if err != nil {
		return nil, err
	}
	return compile(b, nil)
}

func annotatedRules(c *ast.Compiler) []Rule {
	var rules []Rule
	for _, ref := range c.GetAnnotationSet().Flatten() {
		a, rule := ref.Annotations, ref.GetRule()
		if a == nil || rule == nil || a.Custom["code"] == nil {
			continue
		}
		pack, isPack := strings.CutPrefix(rule.Module.Package.Path.String(), packsPath)
		if !isPack {
			pack = ""
		}
		rules = append(rules, Rule{
			Code: text(a.Custom["code"]), Title: a.Title, Description: strings.TrimSpace(a.Description),
			Severity: text(a.Custom["severity"]), Remediation: text(a.Custom["remediation"]),
			Effect: rule.Head.Name.String(), Pack: pack, Controls: texts(a.Custom["controls"]),
		})
	}
	byEffect := func(x, y Rule) int { return strings.Compare(x.Effect+" "+x.Code, y.Effect+" "+y.Code) }
	slices.SortFunc(rules, byEffect)
	return slices.CompactFunc(rules, func(x, y Rule) bool { return byEffect(x, y) == 0 })
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		out = append(out, text(x))
	}
	return out
}

func byCode(rules []Rule) map[string]Rule {
	found := make(map[string]Rule, len(rules))
	for _, r := range rules {
		found[r.Code] = r
	}
	return found
}
