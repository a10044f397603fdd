package author_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies/author"
)

const sound = `package aegis.packs.acme

import data.aegis.lib

# METADATA
# title: Title
# description: Description.
# custom:
#   code: acme
#   severity: high
#   remediation: Do less.
deny contains lib.finding("acme", "too much", "") if count(input.diff) > 3
`

const gate = `package aegis.gate

deny := set()

warn := set()

require := {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}

execution_policy := {}
`

func texts(faults []author.Fault) []string {
	out := make([]string, len(faults))
	for i, f := range faults {
		out[i] = f.String()
	}
	return out
}

func TestSoundBundlesHaveNoFaults(t *testing.T) {
	t.Parallel()
	files, faults := author.Check(bundle("acme.rego", sound), base(t))
	require.Empty(t, texts(faults))
	require.Contains(t, files, "acme.rego")
	require.Contains(t, files, "aegis/gate/gate.rego", "it was composed")

	_, faults = author.Check(base(t), nil)
	require.Empty(t, texts(faults))

	_, faults = author.Check(bundle(".manifest", `{"roots": ["aegis"]}`, "gate.rego", gate), nil)
	require.Empty(t, texts(faults))
}

func TestFaultsAreAtTheirPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"Rego that does not parse":      {[]string{"a.rego", "package acme\n\nx if {\n"}, `a\.rego:\d+:\d+: rego_parse_error: `},
		"an empty module":               {[]string{"a.rego", ""}, `a\.rego:1:1: rego_parse_error: empty module`},
		"a name that nothing defines":   {[]string{"a.rego", "package acme\n\nx if y\n"}, `a\.rego:3:6: rego_unsafe_var_error: var y is unsafe`},
		"a misspelt field of input":     {[]string{"a.rego", "package aegis.packs.acme\n\nx if input.dif\n"}, `a\.rego:3:6: rego_type_error: undefined ref: input\.dif; there are: actor, .*diff`},
		"a variable that is not used":   {[]string{"a.rego", "package acme\n\nx if {\n\ty := 1\n}\n"}, `a\.rego:4:2: rego_compile_error: assigned var y unused`},
		"an import that is not used":    {[]string{"a.rego", "package acme\n\nimport data.aegis.lib\n\nx := 1\n"}, `a\.rego:3:1: rego_compile_error: import data\.aegis\.lib unused`},
		"a rule where data is":          {[]string{"a.rego", "package acme\n\nx := 1\n", "data.json", `{"acme": {"x": 2}}`}, `a\.rego:3:1: rego_compile_error: conflicting rule for data path acme/x found`},
		"http.send":                     {[]string{"a.rego", "package acme\n\nx := http.send({\"method\": \"get\", \"url\": \"http://x\"})\n"}, `a\.rego:3:6: impure_builtin: http\.send may not be used: it asks the network.*data\.json`},
		"opa.runtime":                   {[]string{"a.rego", "package acme\n\nx if {\n\topa.runtime().env.HOME\n}\n"}, `a\.rego:4:2: impure_builtin: opa\.runtime may not be used: it reads the host`},
		"the clock":                     {[]string{"a.rego", "package acme\n\nx := time.now_ns()\n"}, `a\.rego:3:6: impure_builtin: time\.now_ns .*input\.now`},
		"chance":                        {[]string{"a_test.rego", "package acme\n\nx := [rand.intn(\"a\", 3)]\n"}, `a_test\.rego:3:7: impure_builtin: rand\.intn .*chance`},
		"data that can't be read":       {[]string{"data.json", "{\n  \"a\": 1,\n}"}, `data\.json:3:1: data_error: `},
		"YAML that can't be read":       {[]string{"data.yaml", "a: [\n"}, `data\.yaml:\d+:\d+: data_error: `},
		"a manifest that can't be read": {[]string{".manifest", `{"roots": 1}`, "gate.rego", gate}, `\.manifest:1:\d+: manifest_error: `},
		"roots that overlap":            {[]string{".manifest", `{"roots": ["aegis", "aegis/gate"]}`, "gate.rego", gate}, `\.manifest:1:1: manifest_error: roots "aegis" and "aegis/gate" overlap`},
		"a package outside the roots":   {[]string{".manifest", `{"roots": ["aegis"]}`, "gate.rego", gate, "a.rego", "package acme\n"}, `a\.rego:1:1: outside_roots: package acme is outside of the roots in \.manifest \(aegis\); add "acme"`},
		"data outside the roots":        {[]string{".manifest", `{"roots": ["aegis"]}`, "gate.rego", gate, "data.json", `{"acme": {"n": 1}}`}, `data\.json:1:1: outside_roots: data acme/n is outside`},
		"a whole bundle without a gate": {[]string{".manifest", `{"roots": ["acme"]}`, "a.rego", "package acme\n"}, `\.manifest:1:1: gate_missing: .*policy_missing.*aegis policy new --whole`},
		"a gate without an answer":      {[]string{".manifest", `{"roots": ["aegis"]}`, "a.rego", "package aegis.gate\n\ndeny := set()\n"}, `\.manifest:1:1: gate_missing: package aegis\.gate does not define warn, require, execution_policy`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults := author.Check(bundle(c.files...), base(t))
			require.NotEmpty(t, author.Errors(faults))
			require.Regexp(t, "^"+c.want, faults[0].String())
		})
	}
}

func TestMissingAnnotationsAreWarnedOf(t *testing.T) {
	t.Parallel()
	_, faults := author.Check(bundle("a.rego", `package aegis.packs.acme

import data.aegis.lib

deny contains lib.finding("bare", "m", "")

# METADATA
# title: T
# description: D
# custom:
#   code: another
#   severity: huge
#   remediation: R
warn contains {"code": "half", "msg": "m", "address": ""}
`), base(t))
	require.Equal(t, []string{
		"a.rego:5:1: annotation_incomplete: rule bare (deny) has no title, description, severity, remediation, code: bare in its METADATA",
		"a.rego:14:1: annotation_incomplete: rule half (warn) has no severity of low|medium|high|critical, code: half in its METADATA",
	}, texts(faults))
	require.Empty(t, author.Errors(faults))
}
