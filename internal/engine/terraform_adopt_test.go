package engine

import (
	"encoding/json"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

const configuration = `{"root_module":{
	"resources":[
		{"address":"aws_autoscaling_group.web","mode":"managed","type":"aws_autoscaling_group","name":"web","expressions":{
			"max_size":{"references":["var.size"]},"min_size":{"constant_value":1},"desired_capacity":{"references":["var.limits.desired","var.limits"]},
			"name":{"references":["aws_vpc.main.id","aws_vpc.main","var.size"]},"tag":[{"key":{"references":["var.size"]}}]}},
		{"address":"aws_vpc.main","mode":"managed","type":"aws_vpc","name":"main","expressions":{"tags":{"references":["var.tags"]},
			"cidr_block":{"references":["each.value"]}}},
		{"address":"data.aws_vpc.other","mode":"data","expressions":{"tags":{"references":["var.tags"]}}}],
	"module_calls":{"net":{"expressions":{"labels":{"references":["var.tags"]},"cidr":{"references":["local.x"]}},"module":{
		"module_calls":{"inner":{"expressions":{"all":{"references":["var.labels"]}},"module":{
			"resources":[{"address":"aws_subnet.a","mode":"managed","expressions":{"tags":{"references":["var.all"]}}}]}}},
		"resources":[{"address":"aws_subnet.b","mode":"managed","expressions":{"cidr_block":{"references":["var.cidr"]},"tags":{"references":["var.labels"]}}}]}}}}}`

func TestVariableOf(t *testing.T) {
	t.Parallel()
	var config tfjson.Config
	require.NoError(t, json.Unmarshal([]byte(configuration), &config))
	for of, want := range map[string]string{
		"aws_autoscaling_group.web max_size":                        "size",
		"aws_autoscaling_group.web desired_capacity":                "limits/desired",
		"aws_autoscaling_group.web min_size":                        "",
		"aws_autoscaling_group.web name":                            "",
		"aws_autoscaling_group.web tag":                             "",
		"aws_autoscaling_group.web other":                           "",
		"aws_vpc.main tags":                                         "tags",
		"aws_vpc.main tags.a.b":                                     "tags/a.b",
		`aws_vpc.main["x.y[0]"] tags.owner`:                         "tags/owner",
		"aws_vpc.main cidr_block":                                   "",
		"aws_vpc.other tags":                                        "",
		"data.aws_vpc.other tags":                                   "",
		"module.net.aws_subnet.b tags.owner":                        "tags/owner",
		"module.net.aws_subnet.b cidr_block":                        "",
		`module.net[0].module.inner["k\"]"].aws_subnet.a[1] tags.x`: "tags/x",
		"module.none.aws_subnet.b tags":                             "",
		"":                                                          "",
	} {
		i := strings.LastIndex(of, " ")
		c := aegis.DriftChange{}
		if i >= 0 {
			c.Address, c.Attribute = of[:i], of[i+1:]
		}
		require.Equal(t, want, strings.Join(variableOf(&config, c), "/"), of)
	}
	require.Nil(t, variableOf(nil, aegis.DriftChange{Attribute: "x"}))
}

func TestAddressesAreTakenApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.StringMatching(`[a-z_][a-z0-9_-]{0,5}`)
		key := rapid.SampledFrom([]string{"", "[0]", `["a.b"]`, `["]"]`, `["\""]`, `["[x"]`})
		modules, address := []string(nil), ""
		for range rapid.IntRange(0, 3).Draw(r, "depth") {
			m := name.Draw(r, "module")
			modules = append(modules, m)
			address += "module." + m + key.Draw(r, "key") + "."
		}
		resource := name.Draw(r, "type") + "." + name.Draw(r, "name")
		gotModules, gotResource := splitAddress(address + resource + key.Draw(r, "key"))
		require.Equal(r, modules, gotModules)
		require.Equal(r, resource, gotResource)
	})
}

func FuzzSplitAddress(f *testing.F) {
	f.Add(`module.a["\"]"].aws_x.y[0]`)
	f.Fuzz(func(t *testing.T, address string) {
		_, resource := splitAddress(address)
		require.LessOrEqual(t, len(resource), len(address)*3)
	})
}
