package egress

import "net/netip"

// ranges are addresses with something special about them.
type ranges []struct {
	prefix netip.Prefix
	why    string
}

// specialRanges are those that are no destinations on the internet, by the IANA
// registries of special-purpose addresses (RFC 6890) and of multicast; and the
// metadata services of clouds that are outside of those.
func specialRanges() ranges {
	return ranges{
		{netip.MustParsePrefix("169.254.169.254/32"), metadata},
		{netip.MustParsePrefix("169.254.170.0/24"), metadata}, // credentials of containers
		{netip.MustParsePrefix("100.100.100.200/32"), metadata},
		{netip.MustParsePrefix("168.63.129.16/32"), metadata},
		{netip.MustParsePrefix("192.0.0.192/32"), metadata},
		{netip.MustParsePrefix("fd00:ec2::/32"), metadata},
		{netip.MustParsePrefix("127.0.0.0/8"), loopback},
		{netip.MustParsePrefix("::1/128"), loopback},
		{netip.MustParsePrefix("10.0.0.0/8"), private},
		{netip.MustParsePrefix("172.16.0.0/12"), private},
		{netip.MustParsePrefix("192.168.0.0/16"), private},
		{netip.MustParsePrefix("fc00::/7"), private},
		{netip.MustParsePrefix("fec0::/10"), private},
		{netip.MustParsePrefix("169.254.0.0/16"), linkLocal},
		{netip.MustParsePrefix("fe80::/10"), linkLocal},
		{netip.MustParsePrefix("100.64.0.0/10"), carrierNAT},
		{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
		{netip.MustParsePrefix("ff00::/8"), "multicast"},
		{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
		{netip.MustParsePrefix("::/128"), "unspecified"},
		{netip.MustParsePrefix("192.0.0.0/24"), reserved},
		{netip.MustParsePrefix("192.0.2.0/24"), reserved},
		{netip.MustParsePrefix("192.88.99.0/24"), reserved},
		{netip.MustParsePrefix("198.18.0.0/15"), reserved},
		{netip.MustParsePrefix("198.51.100.0/24"), reserved},
		{netip.MustParsePrefix("203.0.113.0/24"), reserved},
		{netip.MustParsePrefix("240.0.0.0/4"), reserved},
		{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64"},
		{netip.MustParsePrefix("2001::/23"), reserved}, // Teredo and benchmarks are in it
		{netip.MustParsePrefix("2001:db8::/32"), reserved},
		{netip.MustParsePrefix("3fff::/20"), reserved},
	}
}

const (
	loopback  = "loopback"
	private   = "private"
	linkLocal = "link-local"
	metadata  = "metadata"
	reserved  = "reserved"

	carrierNAT = "carrier-grade NAT"
)

// kind says what is special about an address; "" is a public one. An IPv4
// address inside of an IPv6 one counts as itself.
func (r ranges) kind(addr netip.Addr) string {
	if !addr.IsValid() {
		return "invalid"
	}
	if addr.Zone() != "" {
		return linkLocal
	}
	addr = addr.Unmap()
	for _, s := range r {
		if s.prefix.Contains(addr) {
			return s.why
		}
	}
	if inner, ok := embedded(addr); ok {
		return r.kind(inner)
	}
	if addr.Is6() && addr.As16()[0]>>5 != 1 { // all that is given out is in 2000::/3, RFC 4291
		return reserved
	}
	return ""
}

// embedded is the IPv4 address that a transition address stands for: that of
// NAT64 (RFC 6052), 6to4 (RFC 3056) and of the deprecated form ::a.b.c.d.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case !addr.Is6():
		return netip.Addr{}, false
	case [12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b}, [12]byte(b[:12]) == [12]byte{}:
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	default:
		return netip.Addr{}, false
	}
}

// refusal says why an address is not connected to; "" is that it may be. named
// is that the host was: a name alone never leads to a metadata service or a
// neighbour's device.
func (g *Guard) refusal(addr netip.Addr, named bool) string {
	why := g.special.kind(addr)
	if why == "" || g.allowed.addr(addr) {
		return ""
	}
	if named && (why == loopback || why == private || why == carrierNAT) {
		return ""
	}
	return why
}
