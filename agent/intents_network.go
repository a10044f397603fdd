package agent

import (
	"fmt"
	"net/netip"

	aegis "github.com/aegisworld/aegis"
)

// networkIntents open and close ports and shape the network.
func networkIntents() []intent {
	return []intent{networkOpenPort(), networkClosePort(), networkRemoveRule(), networkNAT(), networkZones()}
}

func networkOpenPort() intent {
	return intent{
		Intent: Intent{
			Name: "network.open_port", Layer: aegis.LayerNetwork,
			Summary:  "Open a port or a range of the workload to an IPv4 range; tcp unless udp is said.",
			Examples: []string{"open port 443 to 10.0.0.0/8", "allow https from anywhere in eu-west-1", "open udp ports 5000-5010 to 192.168.0.0/16"},
		},
		phrasings: []string{
			"open|allow|permit|expose|unblock [ingress|inbound|incoming] [<proto:protocol>] [port|ports] <p:ports> [<proto:protocol>] [traffic|access|connections] [to|from|for] <cidr>",
			"open|allow|permit|expose|unblock [<proto:protocol>] [traffic|access|connections] [on|to] port|ports <p:ports> [<proto:protocol>] from|for <cidr>",
			"let <cidr> connect|in|through [to|on] [<proto:protocol>] [port|ports] <p:ports>",
			"open|allow|permit|expose|unblock [<proto:protocol>] port|ports <p:ports> [<proto:protocol>]",
		},
		read: readOpen,
	}
}

func networkClosePort() intent {
	return intent{
		Intent: Intent{
			Name: "network.close_port", Layer: aegis.LayerNetwork,
			Summary:  "Take a port away from an IPv4 range, or from everyone when none is named. Rules that only contain the port are split.",
			Examples: []string{"deny port 22 from 0.0.0.0/0", "close port 8080 in eu-west-1", "block ssh from anywhere"},
		},
		phrasings: []string{
			"close|deny|block|forbid|refuse|revoke|disallow|reject|shut|@remove [ingress|inbound|incoming] [access] [<proto:protocol>] [to] [port|ports] <p:ports> [<proto:protocol>] [traffic|access|connections] to|from|for <cidr>",
			"close|deny|block|forbid|refuse|revoke|disallow|reject|shut [<proto:protocol>] [traffic|access|connections] [on|to] [port|ports] <p:ports> [<proto:protocol>] [from <cidr>]",
			"close|deny|block|forbid|refuse|revoke|disallow|reject <cidr> [access] [on|to|from] port|ports <p:ports>",
			"not|never|don't|do_not allow|open|expose [port|ports] <p:ports> [to|from|for <cidr>]",
		},
		read: readClose,
	}
}

func networkRemoveRule() intent {
	return intent{
		Intent: Intent{
			Name: "network.remove_rule", Layer: aegis.LayerNetwork,
			Summary:  "Remove an ingress rule by its name.",
			Examples: []string{"remove the ingress rule https in eu-west-1", `delete firewall rule "legacy"`},
		},
		phrasings: []string{"@remove [ingress|firewall|security_group] rule [named|called] <name>"},
		read: func(a args) (edit, error) {
			name := a.text("name")
			return edit{summary: "remove the ingress rule " + name, deletes: true, disrupts: true, apply: on(
				func(s *aegis.NetworkSpec, _ func(string)) error {
					delete(s.IngressRules, name)
					return nil
				})}, nil
		},
	}
}

func networkNAT() intent {
	return intent{
		Intent: Intent{
			Name: "network.nat", Layer: aegis.LayerNetwork,
			Summary:  "Say how private subnets reach the internet: no NAT gateway, a single one, or one per zone.",
			Examples: []string{"set nat to single in eu-west-1", "use one nat gateway per zone", "turn off nat in ap-southeast-1"},
		},
		phrasings: []string{
			"@set|use nat [gateway|gateways] [mode] [to] <mode:nat>",
			"use|run|have|add [one|1] <mode:nat> nat [gateway|gateways]",
			"use|run|have|add [one|1] nat gateway|gateways <mode:nat>",
			"use|run|have|add one|1|single nat [gateway]",
			"@remove|disable|turn_off|switch_off|stop <off:mark> nat [gateway|gateways]",
			"enable|turn_on|switch_on|add nat [gateway]",
		},
		read: readNAT,
	}
}

func networkZones() intent {
	return intent{
		Intent: Intent{
			Name: "network.zones", Layer: aegis.LayerNetwork,
			Summary:  "Say over how many availability zones the network spreads.",
			Examples: []string{"spread the network over 2 zones in eu-west-1", "set the number of zones to three"},
		},
		phrasings: []string{
			"spread|run [network|subnets|vpc] over|across <n:count> [availability] zones|zone|azs",
			"@set [number|count] [of] [availability] zones|azs to <n:count>",
			"use <n:count> [availability] zones|zone|azs",
		},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{
				summary: "spread the network over " + plural(n, "zone"), deletes: true, disrupts: true,
				apply: assign(func(s *aegis.NetworkSpec) { s.Zones = n }),
			}, nil
		},
	}
}

func readNAT(a args) (edit, error) {
	mode := a.text("mode")
	switch {
	case mode != "":
	case a.has("off"):
		mode = "none"
	default:
		mode = "single"
	}
	return edit{
		summary:  map[string]string{"none": "run no NAT gateway", "single": "run a single NAT gateway", "per_zone": "run a NAT gateway per zone"}[mode],
		disrupts: mode == "none", deletes: mode != "per_zone",
		apply: assign(func(s *aegis.NetworkSpec) { s.NAT = mode }),
	}, nil
}

func readOpen(a args) (edit, error) {
	p, source, err := portsAndSource(a)
	if err != nil {
		return edit{}, err
	}
	if source == "" {
		return edit{}, refuse("ambiguous: to whom should %s be opened? Say “to 10.0.0.0/8” or “to everyone”", p)
	}
	return edit{
		summary: fmt.Sprintf("open %s to %s", p, source),
		apply: on(func(s *aegis.NetworkSpec, say func(string)) error {
			if s.IngressRules == nil {
				s.IngressRules = map[string]aegis.IngressRule{}
			}
			openPorts(s.IngressRules, p, source, say)
			return nil
		}),
	}, nil
}

func readClose(a args) (edit, error) {
	p, source, err := portsAndSource(a)
	if err != nil {
		return edit{}, err
	}
	from := "everyone"
	if source != "" {
		from = source
	}
	return edit{
		summary: fmt.Sprintf("close %s to %s", p, from), disrupts: true,
		apply: on(func(s *aegis.NetworkSpec, say func(string)) error {
			closePorts(s.IngressRules, p, source, say)
			return nil
		}),
	}, nil
}

// portsAndSource are the ports and the range of addresses that a phrase names.
func portsAndSource(a args) (p portRange, source string, err error) {
	if p, err = checkPorts(a); err != nil {
		return p, "", err
	}
	source, err = checkSource(a)
	return p, source, err
}

func checkPorts(a args) (portRange, error) {
	p := a.ports()
	if said := a.text("proto"); said != "" {
		p.protocol = said
	}
	if p.from > p.to || p.to > 65535 {
		return p, refuse("%s: ports are 0 to 65535", p)
	}
	return p, nil
}

// checkSource is the address range that a phrase names, "" for none.
func checkSource(a args) (string, error) {
	source := a.text("cidr")
	prefix, err := netip.ParsePrefix(source)
	switch {
	case source == "":
		return "", nil
	case err != nil || !prefix.Addr().Is4():
		return "", refuse("%s is not an IPv4 range", source)
	case prefix != prefix.Masked():
		return "", refuse("%s does not start at its network address %s", source, prefix.Masked().Addr())
	default:
		return source, nil
	}
}
