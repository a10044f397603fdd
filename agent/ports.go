package agent

import (
	"fmt"
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
func openPorts(rules []aegis.IngressRule, p portRange, source string, say func(string)) []aegis.IngressRule {
	protocol := p.protocol
	if protocol == "" {
		protocol = "tcp"
	}
	rules = cloneRules(rules)
	for i, r := range rules {
		if r.Protocol != protocol || p.from < r.FromPort || p.to > r.ToPort {
			continue
		}
		if slices.ContainsFunc(r.CIDRs, func(c string) bool { return within(source, c) }) {
			say(fmt.Sprintf("%s is open to %s already, by rule %s", p, source, r.Name))
			return rules
		}
		if r.FromPort == p.from && r.ToPort == p.to {
			rules[i].CIDRs = append(r.CIDRs, source)
			return rules
		}
	}
	return append(rules, aegis.IngressRule{
		Name: freeName(rules, ruleName(p, protocol)), Protocol: protocol, FromPort: p.from, ToPort: p.to, CIDRs: []string{source},
	})
}

// closePorts takes the ports away from source, or from all when source is "".
// A range that contains the ports is split around them.
func closePorts(rules []aegis.IngressRule, p portRange, source string, say func(string)) []aegis.IngressRule {
	kept := []aegis.IngressRule{} // never null in JSON
	for _, r := range cloneRules(rules) {
		if p.to < r.FromPort || p.from > r.ToPort || p.protocol != "" && p.protocol != r.Protocol {
			kept = append(kept, r)
			continue
		}
		taken := slices.Clone(r.CIDRs)
		if source != "" {
			taken = slices.DeleteFunc(taken, func(c string) bool { return !closes(source, c) })
		}
		left := slices.DeleteFunc(slices.Clone(r.CIDRs), func(c string) bool { return slices.Contains(taken, c) })
		if len(left) > 0 {
			say(fmt.Sprintf("%s stays open to %s, by rule %s", p, oneOrMore(left), r.Name))
			kept = append(kept, aegis.IngressRule{Name: r.Name, Protocol: r.Protocol, FromPort: r.FromPort, ToPort: r.ToPort, CIDRs: left})
		}
		if len(taken) > 0 {
			kept = append(kept, around(kept, r, p, taken)...)
		}
	}
	return kept
}

// closes says that taking source away takes range c away: the whole world
// means rules for the whole world, anything else what lies within it.
func closes(source, c string) bool {
	if source == world {
		return c == world
	}
	return within(c, source)
}

// around is what remains of a rule's range below and above the ports.
func around(kept []aegis.IngressRule, r aegis.IngressRule, p portRange, cidrs []string) (rules []aegis.IngressRule) {
	for _, part := range []portRange{{from: r.FromPort, to: p.from - 1}, {from: p.to + 1, to: r.ToPort}} {
		if part.from > part.to {
			continue
		}
		taken := slices.Concat(kept, rules)
		rules = append(rules, aegis.IngressRule{
			Name: freeName(taken, r.Name), Protocol: r.Protocol, FromPort: part.from, ToPort: part.to, CIDRs: cidrs,
		})
	}
	return rules
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
func freeName(rules []aegis.IngressRule, name string) string {
	free := name
	for i := 2; slices.ContainsFunc(rules, func(r aegis.IngressRule) bool { return r.Name == free }); i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	return free
}

func cloneRules(rules []aegis.IngressRule) []aegis.IngressRule {
	cloned := make([]aegis.IngressRule, len(rules))
	for i, r := range rules {
		r.CIDRs = slices.Clone(r.CIDRs)
		cloned[i] = r
	}
	return cloned
}

func oneOrMore(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return fmt.Sprintf("%s and %d more", list[0], len(list)-1)
}
