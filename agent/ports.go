package agent

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	aegis "github.com/aegisworld/aegis"
)

// String is "port 443" or "udp ports 5000 to 5010".
func (p portRange) String() string {
	prefix := ""
	if p.protocol == "udp" {
		prefix = "udp "
	}
	if p.from == p.to {
		return fmt.Sprintf("%sport %d", prefix, p.from)
	}
	return fmt.Sprintf("%sports %d to %d", prefix, p.from, p.to)
}

// openPorts lets source connect to the ports, in the rule that has them
// already or in a new one.
func openPorts(rules map[string]aegis.IngressRule, p portRange, source string, say func(string)) {
	protocol := p.protocol
	if protocol == "" {
		protocol = "tcp"
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		r := rules[name]
		if r.Protocol != protocol || p.from < r.FromPort || p.to > r.ToPort {
			continue
		}
		if slices.ContainsFunc(r.CIDRs, func(c string) bool { return within(source, c) }) {
			say(fmt.Sprintf("%s is open to %s already, by rule %s", p, source, name))
			return
		}
		if r.FromPort == p.from && r.ToPort == p.to {
			r.CIDRs = append(slices.Clone(r.CIDRs), source)
			rules[name] = r
			return
		}
	}
	rules[freeName(rules, ruleName(p, protocol))] = aegis.IngressRule{
		Protocol: protocol, FromPort: p.from, ToPort: p.to, CIDRs: []string{source},
	}
}

// closePorts takes the ports away from source, or from all when source is "".
// A range that contains the ports is split around them.
func closePorts(rules map[string]aegis.IngressRule, p portRange, source string, say func(string)) {
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		r := rules[name]
		if p.to < r.FromPort || p.from > r.ToPort || p.protocol != "" && p.protocol != r.Protocol {
			continue
		}
		taken := slices.Clone(r.CIDRs)
		if source != "" {
			taken = slices.DeleteFunc(taken, func(c string) bool { return !closes(source, c) })
		}
		left := slices.DeleteFunc(slices.Clone(r.CIDRs), func(c string) bool { return slices.Contains(taken, c) })
		delete(rules, name)
		if len(left) > 0 {
			say(fmt.Sprintf("%s stays open to %s, by rule %s", p, oneOrMore(left), name))
			rules[name] = aegis.IngressRule{Protocol: r.Protocol, FromPort: r.FromPort, ToPort: r.ToPort, CIDRs: left}
		}
		if len(taken) > 0 {
			around(rules, name, r, p, taken)
		}
	}
}

// closes says that taking source away takes range c away: the whole world
// means rules for the whole world, anything else what lies within it.
func closes(source, c string) bool {
	if source == world {
		return c == world
	}
	return within(c, source)
}

// around adds what remains of a rule's range below and above the ports.
func around(rules map[string]aegis.IngressRule, name string, r aegis.IngressRule, p portRange, cidrs []string) {
	for _, part := range []portRange{{from: r.FromPort, to: p.from - 1}, {from: p.to + 1, to: r.ToPort}} {
		if part.from <= part.to {
			rules[freeName(rules, name)] = aegis.IngressRule{Protocol: r.Protocol, FromPort: part.from, ToPort: part.to, CIDRs: cidrs}
		}
	}
}

func within(inner, outer string) bool {
	a, errA := netip.ParsePrefix(inner)
	b, errB := netip.ParsePrefix(outer)
	return errA == nil && errB == nil && b.Bits() <= a.Bits() && b.Contains(a.Addr())
}

func ruleName(p portRange, protocol string) string {
	switch {
	case p.name != "":
		return p.name
	case p.from == p.to:
		return fmt.Sprintf("%s-%d", protocol, p.from)
	default:
		return fmt.Sprintf("%s-%d-%d", protocol, p.from, p.to)
	}
}

// freeName is the name, with a number behind it when the rules have it.
func freeName(rules map[string]aegis.IngressRule, name string) string {
	free := name
	for i := 2; ; i++ {
		if _, taken := rules[free]; !taken {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, i)
	}
}

func oneOrMore(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return fmt.Sprintf("%s and %d more", list[0], len(list)-1)
}
