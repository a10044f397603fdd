package engine

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"github.com/aegisworld/aegis"
)

func TestProviderOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`provider["registry.terraform.io/hashicorp/aws"]`:          {"registry.terraform.io/hashicorp/aws", ""},
		`provider["registry.terraform.io/hashicorp/aws"].west`:     {"registry.terraform.io/hashicorp/aws", "west"},
		`module.a.provider["registry.terraform.io/hashicorp/aws"]`: nil,
		`provider["../../hashicorp"]`:                              nil,
		`provider["a/../b"]`:                                       nil,
		`provider.aws`:                                             nil,
		``:                                                         nil,
	} {
		source, alias, ok := providerOf(text)
		require.Equal(t, want != nil, ok, text)
		if ok {
			require.Equal(t, want, []string{source, alias})
		}
	}
}

func TestReadsOfATerraformState(t *testing.T) {
	t.Parallel()
	const state = `{"version":4,"serial":7,"lineage":"l","terraform_version":"1.11.4","resources":[
		{"mode":"data","type":"aws_region","name":"now","provider":"provider[\"r/h/aws\"]","instances":[{"attributes":{}}]},
		{"mode":"managed","type":"aws_vpc","name":"a","provider":"provider[\"r/h/aws\"]","instances":[
			{"index_key":0,"schema_version":1,"attributes":{"id":"vpc-1"},"private":"cHJpdmF0ZQ=="},{"index_key":1,"attributes":{"id":"vpc-2"}}]},
		{"module":"module.m","mode":"managed","type":"aws_vpc","name":"b","provider":"provider[\"r/h/aws\"].west","instances":[{"attributes":{"id":"vpc-3"}}]}]}`
	s, err := decodeState([]byte(state))
	require.NoError(t, err)
	w := &tfWorkspace{}
	groups, err := w.reads(s)
	require.NoError(t, err)
	require.Len(t, groups, 2)
	require.Equal(t, "west", groups[1].alias)
	require.Equal(t, "aws_vpc.a[0]", groups[0].resources[0].address)
	require.Equal(t, "private", string(groups[0].resources[0].Private))
	require.Equal(t, int64(1), groups[0].resources[0].SchemaVersion)

	for target, want := range map[string]int{"aws_vpc.a": 2, "aws_vpc.a[1]": 1, "module.m": 1, "aws_vpc.ab": 0} {
		w.run.Targets = []string{target}
		groups, err := w.reads(s)
		require.NoError(t, err)
		n := 0
		for _, g := range groups {
			n += len(g.resources)
		}
		require.Equal(t, want, n, target)
	}

	w.run.Targets = nil
	for name, change := range map[string]func(*tfState){
		"a tainted resource":           func(s *tfState) { s.Resources[1].Instances[0].Status = "tainted" },
		"a deposed one":                func(s *tfState) { s.Resources[1].Instances[0].Deposed = "d" },
		"a state of an old form":       func(s *tfState) { s.Resources[1].Instances[0].Attributes = nil },
		"a provider of a module's own": func(s *tfState) { s.Resources[1].Provider = `module.m.provider["r/h/aws"]` },
	} {
		s, err := decodeState([]byte(state))
		require.NoError(t, err)
		change(&s)
		_, err = w.reads(s)
		var why unprovenError
		require.ErrorAs(t, err, &why, name)
	}
}

func TestReadOnlyRunsShareNothingThatWrites(t *testing.T) {
	t.Parallel()
	run := readOnly(aegis.StackRun{
		Stack:       aegis.Stack{StackID: "s", Environment: "e", Region: "r", Source: &aegis.WorkspaceSource{Path: "p"}},
		ChangeSetID: "cs-1", Policy: &aegis.ExecutionPolicy{}, Spec: aegis.Spec{Parameters: json.RawMessage(`{}`)},
	})
	require.Nil(t, run.Policy)
	require.Nil(t, run.Stack.Source)
	require.Empty(t, run.ChangeSetID)
	require.Equal(t, "e r", scope(run))
}

func TestTyped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, declared string
		want           cty.Value
	}{
		{`"3"`, "number", cty.NumberIntVal(3)},
		{`3`, "string", cty.StringVal("3")},
		{`"x"`, "", cty.StringVal("x")},
		{`null`, "string", cty.NullVal(cty.String)},
		{`["b","a","b"]`, "set(string)", cty.SetVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})},
		{`{"a":"x"}`, "object({ a = string, b = optional(number, 7) })", cty.ObjectVal(map[string]cty.Value{
			"a": cty.StringVal("x"), "b": cty.NumberIntVal(7),
		})},
	} {
		got, err := typed(json.RawMessage(test.text), test.declared)
		require.NoError(t, err)
		require.True(t, got.RawEquals(test.want), "%s as %s is %#v", test.text, test.declared, got)
	}
	for _, declared := range []string{"number", "object({ a = string b = number })", "nothing"} {
		_, err := typed(json.RawMessage(`"x"`), declared)
		require.Error(t, err, declared)
	}
}
