package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

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
	// Effect is "deny" or "warn".
	Effect string `json:"effect"`
}

// Rules lists the rules of the embedded bundle, sorted by effect and code. It
// returns an error when the bundle can't be read, which a test rules out.
func Rules() ([]Rule, error) {
	b, err := readBundle("")
	if err != nil {
		return nil, err
	}
	c, err := compile(b)
	if err != nil {
		return nil, err
	}
	return annotatedRules(c), nil
}

func annotatedRules(c *ast.Compiler) []Rule {
	var rules []Rule
	for _, ref := range c.GetAnnotationSet().Flatten() {
		a, rule := ref.Annotations, ref.GetRule()
		if a == nil || rule == nil || a.Custom["code"] == nil {
			continue
		}
		rules = append(rules, Rule{
			Code: text(a.Custom["code"]), Title: a.Title, Description: strings.TrimSpace(a.Description),
			Severity: text(a.Custom["severity"]), Remediation: text(a.Custom["remediation"]),
			Effect: rule.Head.Name.String(),
		})
	}
	slices.SortFunc(rules, func(x, y Rule) int {
		return strings.Compare(x.Effect+" "+x.Code, y.Effect+" "+y.Code)
	})
	return slices.Compact(rules)
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

func remediations(rules []Rule) map[string]string {
	byCode := make(map[string]string, len(rules))
	for _, r := range rules {
		byCode[r.Code] = r.Remediation
	}
	return byCode
}
