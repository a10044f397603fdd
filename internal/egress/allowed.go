package egress

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Allowed are the destinations that an operator named.
type Allowed struct {
	prefixes []netip.Prefix
	hosts    []string
}

var hostPattern = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9_-]*[a-z0-9])?$`)

// ParseAllowed takes a list of networks ("10.1.0.0/16"), addresses
// ("127.0.0.1"), and hosts ("hooks.corp.example", or "*.corp.example" for all
// below it). A host that is named may have a private, loopback or
// carrier-grade NAT address; link-local, metadata and reserved ones must be
// named themselves.
func ParseAllowed(entries []string) (Allowed, error) {
	var a Allowed
	for _, entry := range entries {
		if prefix, err := netip.ParsePrefix(entry); err == nil && !prefix.Addr().Is4In6() {
			a.prefixes = append(a.prefixes, prefix.Masked())
			continue
		}
		if addr, err := netip.ParseAddr(entry); err == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			a.prefixes = append(a.prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		host := canonical(entry)
		if !hostPattern.MatchString(host) || len(host) > 255 {
			return Allowed{}, fmt.Errorf("%q is no network (10.1.0.0/16), address (10.1.2.3) or host (hooks.example.com, *.example.com)", entry)
		}
		a.hosts = append(a.hosts, host)
	}
	return a, nil
}

func canonical(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

func (a Allowed) host(host string) bool {
	host = canonical(host)
	return slices.ContainsFunc(a.hosts, func(h string) bool {
		suffix, wild := strings.CutPrefix(h, "*")
		return h == host || wild && len(host) > len(suffix) && strings.HasSuffix(host, suffix)
	})
}

func (a Allowed) addr(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	return slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}
