package stacks_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func specWith(t require.TestingT, layer string, params any) aegis.Spec {
	text, err := json.Marshal(params)
	require.NoError(t, err)
	return aegis.Spec{
		Version: aegis.SpecVersion, Layer: layer, Environment: "dev", Region: "us-east-1", Regions: []string{"us-east-1"}, Parameters: text,
	}
}

func TestValidateRuntimeProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		params := aegis.RuntimeSpec{
			InstanceType: "t3.small", TargetCPUPercent: 60, VolumeGiB: 20,
			NodeMin: rapid.IntRange(-1, 210).Draw(t, "min"), NodeDesired: rapid.IntRange(-1, 210).Draw(t, "desired"),
			NodeMax: rapid.IntRange(0, 210).Draw(t, "max"),
		}
		good := params.NodeMin >= 0 && params.NodeMax >= 1 && params.NodeMax <= 200 &&
			params.NodeMin <= params.NodeDesired && params.NodeDesired <= params.NodeMax
		require.Equal(t, good, stacks.Validate(specWith(t, aegis.LayerRuntime, params)) == nil)
	})
}

// Whatever passes is a network whose subnets lie in it and do not overlap.
func TestValidNetworksCanBeDeclared(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		address := netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(t, "b"), rapid.SampledFrom([]byte{0, 16, 32, 128}).Draw(t, "c"), 0})
		params := aegis.NetworkSpec{
			CIDR:  fmt.Sprintf("%s/%d", address, rapid.IntRange(14, 22).Draw(t, "bits")),
			Zones: rapid.IntRange(0, 4).Draw(t, "zones"), NAT: rapid.SampledFrom([]string{"none", "single", "per_zone"}).Draw(t, "nat"),
			IngressRules: map[string]aegis.IngressRule{},
		}
		spec := specWith(t, aegis.LayerNetwork, params)
		if err := stacks.Validate(spec); err != nil {
			require.ErrorIs(t, err, aegis.ErrInvalid)
			return
		}
		network := netip.MustParsePrefix(params.CIDR)
		var subnets []netip.Prefix
		for _, one := range declare(t, spec) {
			if one.token != "aws:ec2/subnet:Subnet" {
				continue
			}
			subnet := netip.MustParsePrefix(one.inputs["cidrBlock"].StringValue())
			require.True(t, network.Overlaps(subnet) && subnet.Bits() > network.Bits())
			for _, other := range subnets {
				require.False(t, subnet.Overlaps(other))
			}
			subnets = append(subnets, subnet)
		}
		require.Len(t, subnets, 2*params.Zones)
	})
}

// Bytes from outside never do worse than an InvalidError.
func FuzzValidate(f *testing.F) {
	for _, layer := range stacks.Layers() {
		f.Add(layer, []byte(`{"cidr":"10.0.0.0/16","zones":3}`))
	}
	f.Add("runtime", []byte(`{"node_min":1e400}`))
	f.Add("runtime", []byte("{\"instance_type\":\"t3.small\",\"node_min\":2.0,\"node_desired\":2,\"node_max\":2,\"target_cpu_percent\":60,\"volume_gib\":20}"))
	f.Fuzz(func(t *testing.T, layer string, text []byte) {
		spec := specWith(t, layer, nil)
		spec.Parameters = text
		if err := stacks.Validate(spec); err != nil {
			require.ErrorIs(t, err, aegis.ErrInvalid)
			return
		}
		_, err := stacks.Program(spec)
		require.NoError(t, err)
	})
}
