package aegis.packs.network

import data.aegis.lib

# METADATA
# title: Administration port open to the world
# description: |
#   A security group may not let everyone connect to a port of administration
#   or of a data store. Ranges that contain such a port count, and so do
#   prefixes so short that they are most of the internet.
# custom:
#   code: world_open_admin_port
#   severity: critical
#   remediation: Name the addresses that need it, or open another port.
#   controls: ["FSBP:EC2.19", "CIS-3.0.0:5.2", "CIS-3.0.0:5.3"]
deny contains lib.finding("world_open_admin_port", msg, c.address) if {
	some type in (lib.types & ingress_types)
	some c in lib.by_type[type]
	some source, ports in opened(c)
	msg := sprintf("%s opens %s to %s", [c.address, port_list(ports), source])
}

# METADATA
# title: Rollback would open an administration port
# description: |
#   Undoing this change would open an administration port to the world again.
#   The change is allowed; its automatic rollback is not.
# custom:
#   code: inverse_world_open_admin_port
#   severity: medium
#   remediation: Automatic rollback is off; a failure needs a new goal.
warn contains lib.finding("inverse_world_open_admin_port", msg, c.address) if {
	some type in (lib.restored_types & ingress_types)
	some c in lib.restored_by_type[type]
	some source, ports in opened(c)
	msg := sprintf("undoing %s would open %s to %s", [c.address, port_list(ports), source])
}

# METADATA
# title: Administration port stays open to the world
# description: The change touches a security group that already lets everyone in, and leaves it so.
# custom:
#   code: world_open_admin_port_kept
#   severity: high
#   remediation: Ask for the port to be closed.
warn contains lib.finding("world_open_admin_port_kept", msg, c.address) if {
	some type in (lib.types & ingress_types)
	some c in lib.by_type[type]
	after := holes(c.type, c.after)
	count(after) > 0
	some hole in (after & holes(c.type, c.before))
	msg := sprintf("%s keeps port %d open to %s", [c.address, hole.port, hole.source])
}

# METADATA
# title: Ingress not known before the apply
# description: A new ingress rule whose source or ports are unknown when policy judges can't be allowed.
# custom:
#   code: ingress_unknown
#   severity: high
#   remediation: Give the address range and the ports as values, or make the change in two steps.
deny contains lib.finding("ingress_unknown", msg, c.address) if {
	not lib.own
	some type in (lib.types & ingress_types)
	some c in lib.by_type[type]
	some path in c.unknown
	ingress_path(c.type, path)
	msg := sprintf("%s: %s is unknown until it is applied", [c.address, path])
}

ingress_types := {
	"aws_security_group", "aws_default_security_group",
	"aws_security_group_rule", "aws_vpc_security_group_ingress_rule",
}

opened(c) := {source: ports |
	after := holes(c.type, c.after)
	count(after) > 0
	new := after - holes(c.type, c.before)
	some hole in new
	source := hole.source
	ports := sort({h.port | some h in new; h.source == source})
}

holes(type, attrs) := {{"port": port, "source": source} |
	some rule in ingress(type, attrs)
	some source in rule.sources
	world(source)
	some port in lib.settings.admin_ports
	lets_in(rule, port)
}

default ingress(_, _) := []

ingress(type, attrs) := rules if {
	type in {"aws_security_group", "aws_default_security_group"}
	rules := [ranged(r, r.protocol) | some r in lib.attr(attrs, "ingress")]
}

ingress("aws_security_group_rule", attrs) := [ranged(attrs, attrs.protocol)] if attrs.type == "ingress"

ingress("aws_vpc_security_group_ingress_rule", attrs) := [{
	"protocol": attrs.ip_protocol,
	"from": lib.value(attrs, "from_port", null),
	"to": lib.value(attrs, "to_port", null),
	"sources": array.concat(lib.attr(attrs, "cidr_ipv4"), lib.attr(attrs, "cidr_ipv6")),
}]

ranged(r, protocol) := {
	"protocol": protocol,
	"from": lib.value(r, "from_port", null),
	"to": lib.value(r, "to_port", null),
	"sources": array.concat(lib.attr(r, "cidr_blocks"), lib.attr(r, "ipv6_cidr_blocks")),
}

world(cidr) if {
	parts := split(cidr, "/")
	count(parts) == 2
	lib.number(parts[1]) <= lib.settings.world_prefix_bits
}

all_protocols := {"-1", "all", -1}

lets_in(rule, _) if rule.protocol in all_protocols

lets_in(rule, port) if {
	lower(sprintf("%v", [rule.protocol])) in {"tcp", "udp", "6", "17"}
	lib.number(rule.from) <= port
	port <= lib.number(rule.to)
}

ingress_path(type, path) if {
	type in {"aws_security_group", "aws_default_security_group"}
	regex.match(`^ingress($|[.\[]([0-9]+\]?\.)?((ipv6_)?cidr_blocks|from_port|to_port|protocol))`, path)
}

ingress_path("aws_security_group_rule", path) if regex.match(`^((ipv6_)?cidr_blocks|from_port|to_port|protocol)`, path)

ingress_path("aws_vpc_security_group_ingress_rule", path) if {
	regex.match(`^(cidr_ipv[46]|from_port|to_port|ip_protocol)`, path)
}

port_list(ports) := sprintf("port %d", ports) if count(ports) == 1

port_list(ports) := sprintf("ports %s", [concat(", ", [sprintf("%d", [p]) | some p in ports])]) if count(ports) > 1
