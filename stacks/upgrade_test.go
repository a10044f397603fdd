package stacks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// firstNetwork is the network of a small estate as version 1 wrote it.
const firstNetwork = `{"cidr":"10.10.0.0/16","zones":3,"nat":"none","ingress_rules":[
	{"name":"https","protocol":"tcp","from_port":443,"to_port":443,"cidrs":["10.0.0.0/8"]},
	{"name":"dns","protocol":"udp","from_port":53,"to_port":53,"cidrs":["10.1.0.0/16","10.2.0.0/16"]}]}`

func TestAnUpgradedSpecDeclaresTheSame(t *testing.T) {
	t.Parallel()
	spec := specWith(t, aegis.LayerNetwork, aegis.NetworkSpec{})
	spec.Version, spec.Parameters = 1, json.RawMessage(firstNetwork)
	require.ErrorContains(t, stacks.Validate(spec), "version: 1 is not 2")
	upgraded, err := stacks.Upgrade(spec)
	require.NoError(t, err)
	require.Equal(t, aegis.SpecVersion, upgraded.Version)
	require.NoError(t, stacks.Validate(upgraded))

	// What version 1 declared, by name and as it was.
	rules := map[string]string{}
	for _, rule := range of(t, declare(t, upgraded), "aws_vpc_security_group_ingress_rule") {
		text, err := json.Marshal(rule.inputs.Mappable())
		require.NoError(t, err)
		rules[rule.name] = string(text)
	}
	require.Equal(t, []string{"dns-10-1-0-0-16", "dns-10-2-0-0-16", "https-10-0-0-0-8"}, slices.Sorted(maps.Keys(rules)))
	require.Contains(t, rules["https-10-0-0-0-8"], `"description":"https","fromPort":443,"ipProtocol":"tcp"`)
	require.Contains(t, rules["dns-10-2-0-0-16"], `"cidrIpv4":"10.2.0.0/16","description":"dns","fromPort":53,"ipProtocol":"udp"`)

	again, err := stacks.Upgrade(upgraded)
	require.NoError(t, err)
	require.Equal(t, upgraded, again)
}

// Every layer of version 1 that has no such rules is one of the present version.
func TestUpgradesLeaveOtherLayersAlone(t *testing.T) {
	t.Parallel()
	for _, spec := range smallEstate(t) {
		if spec.Layer == aegis.LayerNetwork {
			continue
		}
		old := spec
		old.Version = 1
		upgraded, err := stacks.Upgrade(old)
		require.NoError(t, err)
		require.Equal(t, spec.Version, upgraded.Version)
		require.JSONEq(t, string(spec.Parameters), string(upgraded.Parameters), spec.Layer)
		require.NoError(t, stacks.Validate(upgraded))
	}
}

func TestSpecsThatCanNotBeUpgraded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version    int
		parameters string
		message    string
	}{
		"from the future":    {3, `{}`, "version: 3 is newer than 2, the newest that this aegis reads: upgrade aegis"},
		"from before all":    {0, `{}`, "version: 0 is not 2"},
		"no JSON":            {1, `{`, "parameters"},
		"no object":          {1, `[]`, "parameters"},
		"a rule that is not": {1, `{"ingress_rules":[7]}`, "parameters.ingress_rules.0.name: is required"},
		"a name twice":       {1, `{"ingress_rules":[{"name":"a"},{"name":"a"}]}`, `parameters.ingress_rules.1.name: "a" is there twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.Upgrade(aegis.Spec{
				Version: test.version, Layer: aegis.LayerNetwork, Environment: "dev", Region: "us-east-1", Parameters: json.RawMessage(test.parameters),
			})
			require.ErrorIs(t, err, aegis.ErrInvalid)
			require.ErrorContains(t, err, test.message)
		})
	}
}

// Bytes of an old spec never do worse than an InvalidError, and what is read is
// of the present version.
func TestUpgradesOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, err := stacks.Upgrade(aegis.Spec{
			Version: rapid.IntRange(-1, 4).Draw(t, "version"), Layer: rapid.SampledFrom(stacks.Layers()).Draw(t, "layer"),
			Parameters: []byte(rapid.OneOf(rapid.String(), rapid.Just(firstNetwork), rapid.Just(`null`)).Draw(t, "parameters")),
		})
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrInvalid)
			return
		}
		require.Equal(t, aegis.SpecVersion, spec.Version)
	})
}
