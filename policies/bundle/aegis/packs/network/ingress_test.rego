package aegis.packs.network_test

import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.envelope
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

rule(cidr, from, to) := {"ip_protocol": "tcp", "from_port": from, "to_port": to, "cidr_ipv4": cidr}

vpc_rule := "aws_vpc_security_group_ingress_rule"

group(ingress) := {"name": "g", "ingress": ingress}

block(protocol, from, to, cidrs) := {"protocol": protocol, "from_port": from, "to_port": to, "cidr_blocks": cidrs}

test_world_open_ssh_is_denied_in_every_form if {
	every c in [
		create(vpc_rule, rule("0.0.0.0/0", 22, 22)),
		create(vpc_rule, rule("0.0.0.0/0", 0, 65535)),
		create(vpc_rule, rule("0.0.0.0/0", "20", "25")),
		create(vpc_rule, rule("0.0.0.0/1", 22, 22)),
		create(vpc_rule, {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}),
		create(vpc_rule, {"ip_protocol": "tcp", "from_port": 3389, "to_port": 3389, "cidr_ipv6": "::/0"}),
		create("aws_security_group_rule", object.union({"type": "ingress"}, block("tcp", 22, 22, ["10.0.0.0/8", "0.0.0.0/0"]))),
		create("aws_security_group", group([block("tcp", 5432, 5432, ["0.0.0.0/0"])])),
		create("aws_security_group", group([{"protocol": "tcp", "from_port": 6379, "to_port": 6379, "ipv6_cidr_blocks": ["::/0"]}])),
		update(vpc_rule, rule("10.0.0.0/8", 22, 22), rule("0.0.0.0/0", 22, 22)),
		update("aws_security_group", group([block("tcp", 22, 22, ["0.0.0.0/0"])]), group([block("tcp", 22, 3306, ["0.0.0.0/0"])])),
	] {
		denied(diff([c])) == {"world_open_admin_port"}
	}
}

test_other_ingress_is_allowed if {
	every c in [
		create(vpc_rule, rule("10.0.0.0/8", 22, 22)),
		create(vpc_rule, rule("0.0.0.0/0", 443, 443)),
		create(vpc_rule, {"ip_protocol": "icmp", "from_port": 8, "to_port": 0, "cidr_ipv4": "0.0.0.0/0"}),
		create(vpc_rule, {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "referenced_security_group_id": "sg-1"}),
		create("aws_security_group_rule", object.union({"type": "egress"}, block("-1", 0, 0, ["0.0.0.0/0"]))),
		create("aws_vpc_security_group_egress_rule", {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}),
		delete(vpc_rule, rule("0.0.0.0/0", 22, 22)),
		create("aws_security_group", {"name": "g"}),
	] {
		denied(diff([c])) == set()
	}
}

test_message_names_all_ports if {
	some r in data.aegis.gate.deny with input as diff([create(vpc_rule, rule("0.0.0.0/0", 22, 23))])
	r.msg == "aws_vpc_security_group_ingress_rule::x opens ports 22, 23 to 0.0.0.0/0"
}

test_hole_that_stays_is_a_warning if {
	open := rule("0.0.0.0/0", 22, 22)
	doc := diff([update(vpc_rule, open, object.union(open, {"description": "ssh"}))])
	denied(doc) == set()
	warned(doc) == {"world_open_admin_port_kept"}
}

test_closing_a_hole_turns_automatic_rollback_off if {
	open := rule("0.0.0.0/0", 22, 22)
	doc := given({"diff": [delete(vpc_rule, open)], "inverse": [create(vpc_rule, open)]})
	denied(doc) == set()
	warned(doc) == {"inverse_world_open_admin_port"}
	envelope(doc).rollback_policy.automatic == false
}

test_unknown_ingress_is_denied_to_goals_only if {
	every c in [
		object.union(create(vpc_rule, {"ip_protocol": "tcp", "from_port": 22, "to_port": 22}), {"unknown": ["cidr_ipv4"]}),
		object.union(create("aws_security_group", {}), {"unknown": ["ingress[0].cidr_blocks"]}),
		object.union(create("aws_security_group", {}), {"unknown": ["ingress.0.from_port"]}),
		object.union(create("aws_security_group_rule", {"type": "ingress"}), {"unknown": ["cidr_blocks"]}),
	] {
		denied(diff([c])) == {"ingress_unknown"}
		denied(given({"diff": [c], "source": "bootstrap"})) == set()
	}
	denied(diff([object.union(create(vpc_rule, rule("10.0.0.0/8", 22, 22)), {"unknown": ["security_group_id"]})])) == set()
}
