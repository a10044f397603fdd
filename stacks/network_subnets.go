package stacks

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// subnetPlan holds the IPv4 ranges of the subnets, one per zone.
type subnetPlan struct{ public, private, data []string }

// planSubnets cuts a VPC's range into sixteen equal blocks: the public subnets
// take them from the first, those for data from the fifth, the private ones from
// the ninth, so that adding a zone moves no subnet.
func planSubnets(cidr string, zones int) (subnetPlan, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4() {
		return subnetPlan{}, fmt.Errorf("%q is not an IPv4 range such as 10.0.0.0/16", cidr)
	}
	if prefix.Masked() != prefix {
		return subnetPlan{}, fmt.Errorf("%q does not start at its network address %s", cidr, prefix.Masked().Addr())
	}
	const newBits, quarter, half = 4, 4, 8
	bits := prefix.Bits() + newBits
	if bits > 28 || zones > quarter {
		return subnetPlan{}, fmt.Errorf("the subnets of %d zones do not fit into %s", zones, cidr)
	}
	var plan subnetPlan
	for zone := range zones {
		plan.public = append(plan.public, block(prefix, bits, zone))
		plan.data = append(plan.data, block(prefix, bits, quarter+zone))
		plan.private = append(plan.private, block(prefix, bits, half+zone))
	}
	return plan, nil
}

// block is the nth block of the given size in prefix.
func block(prefix netip.Prefix, bits, n int) string {
	first := prefix.Addr().As4()
	base := binary.BigEndian.Uint32(first[:])
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], base+uint32(n)<<(32-bits)) //nolint:gosec // n is below 16
	return netip.PrefixFrom(netip.AddrFrom4(address), bits).String()
}
