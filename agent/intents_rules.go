package agent

import (
	"fmt"
	"maps"
	"slices"

	aegis "github.com/aegisworld/aegis"
)

// ruleIntents change ingress rules as a whole.
func ruleIntents() []intent {
	return []intent{networkAddRule(), networkOnlyFrom(), networkRulePort(), networkRuleSource()}
}

func networkAddRule() intent {
	return intent{
		Intent: Intent{
			Name: "network.add_rule", Layer: aegis.LayerNetwork,
			Summary:  "Add an ingress rule with a name of its own.",
			Examples: []string{"add ingress rule metrics for tcp 9100 from 10.20.0.0/16", "add an ingress rule named syslog for udp port 514 from 10.0.0.0/8 in us-east-1"},
		},
		phrasings: []string{
			"@add [ingress|firewall|security_group] rule [named|called] <name:fresh> for|on|with|: [<proto:protocol>] [port|ports] <p:ports> [<proto:protocol>] from|to|for <cidr>",
			"@add [ingress|firewall|security_group] rule [named|called] <name:fresh> [<proto:protocol>] [port|ports] <p:ports> [<proto:protocol>] from|to|for <cidr>",
		},
		read: readAddRule,
	}
}

func readAddRule(a args) (edit, error) {
	p, source, err := portsAndSource(a)
	if err != nil {
		return edit{}, err
	}
	rule := aegis.IngressRule{Protocol: p.protocol, FromPort: p.from, ToPort: p.to, CIDRs: []string{source}}
	if rule.Protocol == "" {
		rule.Protocol = "tcp"
	}
	return edit{
		summary: fmt.Sprintf("add ingress rule %s, %s from %s", a.text("name"), p, source),
		apply:   adding("an ingress rule", a.text("name"), func(s *aegis.NetworkSpec) *map[string]aegis.IngressRule { return &s.IngressRules }, rule),
	}, nil
}

func networkOnlyFrom() intent {
	return intent{
		Intent: Intent{
			Name: "network.only_from", Layer: aegis.LayerNetwork,
			Summary:  "Let nobody but an IPv4 range reach a port; everyone else loses it.",
			Examples: []string{"let only 10.10.0.0/16 reach port 443", "restrict https to 10.10.0.0/16 in us-east-1"},
		},
		phrasings: []string{
			"[let|allow] only <cidr> [may|can|to|should] reach|use|access|connect|in [to|on] [<proto:protocol>] [port|ports] <p:ports> [<proto:protocol>]",
			"restrict|limit|narrow|lock [down] [access] [to|on] [<proto:protocol>] [port|ports] <p:ports> [access] to|from [only] <cidr>",
			"allow|open|permit [<proto:protocol>] [port|ports] <p:ports> only from|for|to <cidr>", "allow|open|permit [<proto:protocol>] [port|ports] <p:ports> from|for|to <cidr> only",
		},
		read: readOnlyFrom,
	}
}

func readOnlyFrom(a args) (edit, error) {
	p, source, err := portsAndSource(a)
	if err != nil {
		return edit{}, err
	}
	return edit{
		summary: fmt.Sprintf("let only %s reach %s", source, p), disrupts: true,
		apply: on(func(s *aegis.NetworkSpec, say func(string)) error {
			for _, name := range slices.Sorted(maps.Keys(s.IngressRules)) {
				r := s.IngressRules[name]
				if r.FromPort == p.from && r.ToPort == p.to && (p.protocol == "" || p.protocol == r.Protocol) {
					r.CIDRs = []string{source}
					s.IngressRules[name] = r
				}
			}
			if !opened(s.IngressRules, p, source) {
				closePorts(s.IngressRules, p, "", say)
				if s.IngressRules == nil {
					s.IngressRules = map[string]aegis.IngressRule{}
				}
				openPorts(s.IngressRules, p, source, say)
			}
			return exclusive(s.IngressRules, p, source)
		}),
	}, nil
}

// opened says that one rule alone opens exactly the ports, to source.
func opened(rules map[string]aegis.IngressRule, p portRange, source string) bool {
	n := 0
	for _, r := range rules {
		if r.FromPort <= p.to && r.ToPort >= p.from && (p.protocol == "" || p.protocol == r.Protocol) {
			n++
			if r.FromPort != p.from || r.ToPort != p.to || !slices.Equal(r.CIDRs, []string{source}) {
				return false
			}
		}
	}
	return n == 1
}

// exclusive refuses rules that still let others in.
func exclusive(rules map[string]aegis.IngressRule, p portRange, source string) error {
	for name, r := range rules {
		if r.FromPort <= p.to && r.ToPort >= p.from && (p.protocol == "" || p.protocol == r.Protocol) && !slices.Equal(r.CIDRs, []string{source}) {
			return refuse("rule %s would still let others reach %s; change it by its name", name, p)
		}
	}
	return nil
}

func networkRulePort() intent {
	return intent{
		Intent: Intent{
			Name: "network.rule_port", Layer: aegis.LayerNetwork,
			Summary:  "Have an ingress rule open another port, for the same sources.",
			Examples: []string{"set the port of rule https to 8443", "move ingress rule https to port 8443 in eu-west-1"},
		},
		phrasings: []string{
			"@set port|ports of|for [ingress|firewall] rule <name> to <p:ports>", "move|@set [ingress|firewall] rule <name> to port|ports <p:ports>",
			"move|@set <name> rule to port|ports <p:ports>",
		},
		read: func(a args) (edit, error) {
			p, err := checkPorts(a)
			return edit{
				summary: fmt.Sprintf("have rule %s open %s", a.text("name"), p), disrupts: true,
				apply: onRule(a.text("name"), func(r *aegis.IngressRule) {
					r.FromPort, r.ToPort = p.from, p.to
					if p.protocol != "" {
						r.Protocol = p.protocol
					}
				}),
			}, err
		},
	}
}

func networkRuleSource() intent {
	return intent{
		Intent: Intent{
			Name: "network.rule_source", Layer: aegis.LayerNetwork,
			Summary:  "Replace the sources of an ingress rule.",
			Examples: []string{"replace the sources of rule https by 10.10.0.0/16", "set the source of ingress rule https to 10.10.0.0/16 in eu-west-1"},
		},
		phrasings: []string{
			"replace source|sources|cidrs|range of|for|in [ingress|firewall] rule <name> by|with <cidr>",
			"@set source|sources|cidrs|range of|for|in [ingress|firewall] rule <name> to <cidr>", "restrict|narrow|limit [ingress|firewall] rule <name> to [only] <cidr>",
		},
		read: func(a args) (edit, error) {
			source, err := checkSource(a)
			return edit{
				summary: fmt.Sprintf("let rule %s be for %s alone", a.text("name"), source), disrupts: true,
				apply: onRule(a.text("name"), func(r *aegis.IngressRule) { r.CIDRs = []string{source} }),
			}, err
		},
	}
}

// onRule changes an ingress rule that exists.
func onRule(name string, alter func(*aegis.IngressRule)) change {
	return on(func(s *aegis.NetworkSpec, _ func(string)) error {
		r, ok := s.IngressRules[name]
		if !ok {
			return refuse("there is no ingress rule %q; %s", name, oneOf("the rules are", slices.Sorted(maps.Keys(s.IngressRules))))
		}
		alter(&r)
		s.IngressRules[name] = r
		return nil
	})
}
