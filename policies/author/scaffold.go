package author

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"text/template"

	"github.com/open-policy-agent/opa/v1/bundle"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

// NewOptions say what a new bundle begins with.
type NewOptions struct {
	// Package is aegis.gate or aegis.packs.NAME, where rules decide; a NAME
	// alone is a pack's.
	Package string
	// Code is that of the first rule, such as "too_many_changes".
	Code string
	// Base is the bundle that a whole one is a copy of; nil makes one that is
	// to be added to the running bundle.
	Base archive.Files
}

var (
	ruleCode = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	packName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
)

// New makes the files of a bundle that an operator can begin with: a rule with
// METADATA, its test with documents as the gate gets them, and data. They pass
// Check and Test and are formatted as opa fmt does. An InvalidError names the
// option that makes no sense.
func New(o NewOptions) (archive.Files, error) {
	begin, err := o.resolve()
	if err != nil {
		return nil, err
	}
	files := archive.Files{}
	for name, text := range map[string]string{
		begin.Folder + "/" + begin.Code + ".rego":      ruleTemplate,
		begin.Folder + "/" + begin.Code + "_test.rego": ruleTestTemplate,
		"data.json": dataTemplate,
	} {
		var out strings.Builder
		parsed, err := template.New(name).Parse(text)
		if err == nil {
			err = parsed.Execute(&out, begin)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		files[name] = []byte(out.String())
	}
	if o.Base == nil {
		return files, nil
	}
	return begin.whole(o.Base, files)
}

// beginning is what the templates take.
type beginning struct{ Package, Folder, Code, Title string }

func (o NewOptions) resolve() (beginning, error) {
	b := beginning{Package: o.Package, Code: o.Code}
	if !strings.Contains(b.Package, ".") && b.Package != "" {
		b.Package = "aegis.packs." + b.Package
	}
	pack, isPack := strings.CutPrefix(b.Package, "aegis.packs.")
	faults := &aegis.InvalidError{}
	switch {
	case b.Package == "aegis.gate":
		b.Folder = "gate"
	case isPack && packName.MatchString(pack):
		b.Folder = pack
	default:
		faults.Add("package", fmt.Sprintf("%q is neither aegis.gate nor aegis.packs.NAME (a-z, 0-9, _): rules elsewhere decide nothing", o.Package))
	}
	if !ruleCode.MatchString(o.Code) {
		faults.Add("rule", fmt.Sprintf("%q is no code: a-z, 0-9 and _, beginning with a letter", o.Code))
	}
	b.Title = strings.ToUpper(o.Code[:min(1, len(o.Code))]) + strings.ReplaceAll(o.Code[min(1, len(o.Code)):], "_", " ")
	if len(faults.Faults) > 0 {
		return b, faults
	}
	return b, nil
}

// whole adds files to a copy of base with a revision of its own.
func (b beginning) whole(base, files archive.Files) (archive.Files, error) {
	all := maps.Clone(base)
	if _, has := all[archive.ManifestName]; !has {
		raw, err := json.Marshal(bundle.Manifest{Roots: &[]string{"aegis"}})
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", archive.ManifestName, err)
		}
		all[archive.ManifestName] = raw
	}
	all, err := archive.Compose(all, files)
	if err != nil {
		return nil, err
	}
	m, err := all.Manifest()
	if err != nil {
		return nil, err
	}
	m.Revision = b.Folder + "-1"
	return all.WithManifest(m)
}

const ruleTemplate = `# METADATA
# title: Rules of {{.Folder}}
# description: What this package is about.
# schemas:
#   - input: schema.gate.input
package {{.Package}}

# METADATA
# title: {{.Title}}
# description: A goal's change touches no more resources than data.json says.
# custom:
#   code: {{.Code}}
#   severity: high
#   remediation: Split the goal into smaller ones.
deny contains {"code": "{{.Code}}", "msg": msg, "address": ""} if {
	input.source == "goal"
	most := data.aegis.settings.{{.Code}}.most
	count(input.diff) > most
	msg := sprintf("%d resources would change; the most is %d", [count(input.diff), most])
}
`

const ruleTestTemplate = `package {{.Package}}_test

# An input as the gate gets it: a goal's change of one stack.
change := {
	"change_set": {
		"change_set_id": "chg-1",
		"target": {"kind": "pulumi_stack", "stack_ids": ["dev.runtime.eu-west-1"], "regions": ["eu-west-1"]},
		"patches": [],
		"risk_score": 10,
		"risk_factors": [],
		"risk_tolerance": "medium",
		"cost_delta_usd_month": 0,
		"cost_unknown": [],
		"irreversible": [],
		"constraints": [],
	},
	"diff": [],
	"inverse": [],
	"stacks": {"dev.runtime.eu-west-1": {
		"stack_id": "dev.runtime.eu-west-1", "kind": "pulumi_stack", "environment": "dev", "layer": "runtime",
		"region": "eu-west-1", "revision": 3, "resource_count": 40, "depends_on": ["dev.network.eu-west-1"],
	}},
	"specs": {"dev.runtime.eu-west-1": {
		"environment": "dev", "layer": "runtime", "region": "eu-west-1", "parameters": {"node_desired": 4},
	}},
	"source": "goal",
	"actor": "ada",
	"budget": {"goal_usd_month": null, "limit_usd_month": -1, "reserved_usd_month": 0, "spent_usd_month": 0},
	"regions": ["us-east-1", "eu-west-1"],
	"breakers": [],
	"history": {"promoted": 12, "rolled_back": 0, "failed": 0},
	"now": "2026-05-13T10:30:00Z",
}

# n replacements of instances.
replaced(n) := [instance |
	some i in numbers.range(1, n)
	instance := {
		"stack_id": "dev.runtime.eu-west-1", "address": sprintf("aws_instance::node-%d", [i]), "type": "aws_instance",
		"region": "eu-west-1", "action": "replace", "before": {"instance_type": "t3.small"},
		"after": {"instance_type": "t3.large"}, "unknown": ["id"], "sensitive": [],
	}
]

codes(doc) := {found.code | some found in data.{{.Package}}.deny with input as doc}

test_large_change_is_denied if {
	"{{.Code}}" in codes(object.union(change, {"diff": replaced(4)})) with data.aegis.settings.{{.Code}}.most as 3
}

test_change_at_the_limit_is_not if {
	not "{{.Code}}" in codes(object.union(change, {"diff": replaced(3)})) with data.aegis.settings.{{.Code}}.most as 3
}

test_only_goals_are_limited if {
	doc := object.union(change, {"diff": replaced(4), "source": "rollback"})
	not "{{.Code}}" in codes(doc) with data.aegis.settings.{{.Code}}.most as 3
}

test_limit_is_set if is_number(data.aegis.settings.{{.Code}}.most)
`

const dataTemplate = `{
  "aegis": {
    "settings": {
      "{{.Code}}": {"most": 20}
    }
  }
}
`
