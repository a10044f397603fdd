package aegis.packs.network

import data.aegis.lib

# METADATA
# title: Data store reachable from the internet
# description: A database, warehouse, broker or replication instance has no public address.
# custom:
#   code: public_database
#   severity: critical
#   remediation: Set publicly_accessible to false and reach it from inside the network.
#   controls: ["FSBP:DMS.1", "FSBP:RDS.2", "FSBP:Redshift.1", "CIS-3.0.0:2.3.3"]
deny contains lib.finding("public_database", msg, c.address) if {
	some type in (lib.types & {
		"aws_db_instance", "aws_dms_replication_instance", "aws_mq_broker", "aws_neptune_cluster_instance",
		"aws_rds_cluster_instance", "aws_redshift_cluster",
	})
	some c in lib.by_type[type]
	lib.changed_to(c, "publicly_accessible", true)
	msg := sprintf("%s would have a public address", [c.address])
}

# METADATA
# title: Instance with a public address
# description: Instances are reached through a load balancer, and reach out through NAT.
# custom:
#   code: public_instance
#   severity: high
#   remediation: Leave associate_public_ip_address off and put a load balancer before it.
#   controls: ["FSBP:AutoScaling.5", "FSBP:EC2.9", "FSBP:EC2.25"]
deny contains lib.finding("public_instance", msg, c.address) if {
	some type in (lib.types & {"aws_instance", "aws_launch_configuration", "aws_launch_template"})
	some c in lib.by_type[type]
	public_address(c.after)
	not public_address(c.before)
	msg := sprintf("%s gives instances a public address", [c.address])
}

# METADATA
# title: Subnet that gives out public addresses
# description: Whatever is started in this subnet gets a public address unless it says otherwise.
# custom:
#   code: subnet_assigns_public_addresses
#   severity: medium
#   remediation: Leave map_public_ip_on_launch off.
#   controls: ["FSBP:EC2.15"]
warn contains lib.finding("subnet_assigns_public_addresses", msg, c.address) if {
	some c in lib.by_type.aws_subnet
	lib.changed_to(c, "map_public_ip_on_launch", true)
	msg := sprintf("%s gives a public address to all that starts in it", [c.address])
}

# METADATA
# title: Default security group used
# description: The default security group lets nothing in and nothing out, since everything without a group of its own gets it.
# custom:
#   code: default_security_group_used
#   severity: high
#   remediation: Make a security group for what needs the rule.
#   controls: ["FSBP:EC2.2", "CIS-3.0.0:5.4"]
deny contains lib.finding("default_security_group_used", msg, c.address) if {
	some c in lib.by_type.aws_default_security_group
	some direction in ["ingress", "egress"]
	count(lib.attr(c.after, direction)) > count(lib.attr(c.before, direction))
	msg := sprintf("%s gets %s rules", [c.address, direction])
}

# METADATA
# title: Network ACL lets administration in from everywhere
# description: A network ACL that allows SSH or RDP from everywhere is no second line of defence.
# custom:
#   code: network_acl_open
#   severity: medium
#   remediation: Allow ports 22 and 3389 from named addresses only.
#   controls: ["FSBP:EC2.21", "CIS-3.0.0:5.1"]
warn contains lib.finding("network_acl_open", msg, c.address) if {
	some type in (lib.types & {"aws_default_network_acl", "aws_network_acl", "aws_network_acl_rule"})
	some c in lib.by_type[type]
	some port in (acl_ports(c.type, c.after) - acl_ports(c.type, c.before))
	msg := sprintf("%s allows port %d from everywhere", [c.address, port])
}

# METADATA
# title: Kubernetes API open to the world
# description: The endpoint of a cluster is private, or open to named addresses.
# custom:
#   code: kubernetes_api_public
#   severity: critical
#   remediation: Turn endpoint_public_access off, or name public_access_cidrs.
#   controls: ["FSBP:EKS.1"]
deny contains lib.finding("kubernetes_api_public", msg, c.address) if {
	some c in lib.by_type.aws_eks_cluster
	api_public(c.after)
	not api_public(c.before)
	msg := sprintf("the API of %s would be reachable by everyone", [c.address])
}

# METADATA
# title: Search domain outside the network
# description: An OpenSearch domain lives in a VPC; one that does not is on the internet.
# custom:
#   code: search_domain_public
#   severity: critical
#   remediation: Give it vpc_options.
#   controls: ["FSBP:Opensearch.2"]
deny contains lib.finding("search_domain_public", msg, c.address) if {
	some type in (lib.types & {"aws_elasticsearch_domain", "aws_opensearch_domain"})
	some c in lib.by_type[type]
	lib.unset(c, "vpc_options")
	not outside(c)
	msg := sprintf("%s has no VPC", [c.address])
}

# METADATA
# title: Function that everyone may call
# description: A function is called by named principals.
# custom:
#   code: public_function
#   severity: critical
#   remediation: Set authorization_type to AWS_IAM, or name the principal and its source.
#   controls: ["FSBP:Lambda.1"]
deny contains lib.finding("public_function", msg, c.address) if {
	some c in lib.by_type.aws_lambda_function_url
	lib.changed_to(c, "authorization_type", "NONE")
	msg := sprintf("%s can be called by everyone", [c.address])
}

deny contains lib.finding("public_function", msg, c.address) if {
	some c in lib.by_type.aws_lambda_permission
	lib.changed_to(c, "principal", "*")
	not lib.filled(c.after, "source_account")
	not lib.filled(c.after, "principal_org_id")
	msg := sprintf("%s lets everyone call the function", [c.address])
}

# METADATA
# title: Shared with everyone
# description: No image, snapshot or document is shared with all AWS accounts.
# custom:
#   code: shared_with_everyone
#   severity: critical
#   remediation: Name the accounts that need it.
#   controls: ["FSBP:RDS.1", "FSBP:SSM.4"]
deny contains lib.finding("shared_with_everyone", msg, c.address) if {
	some type in (lib.types & {"aws_ami_launch_permission", "aws_db_cluster_snapshot", "aws_db_snapshot", "aws_ssm_document"})
	some c in lib.by_type[type]
	for_all(c.after)
	not for_all(c.before)
	msg := sprintf("%s would be shared with every AWS account", [c.address])
}

# METADATA
# title: Resource policy that lets everyone in
# description: A policy on a key, secret, repository, bus, file system or vault may not allow everyone without a condition.
# custom:
#   code: public_resource_policy
#   severity: critical
#   remediation: Name the principals that need it.
#   controls: ["FSBP:KMS.5"]
deny contains lib.finding("public_resource_policy", msg, c.address) if {
	some type in (lib.types & {
		"aws_backup_vault_policy", "aws_cloudwatch_event_bus_policy", "aws_ecr_repository_policy", "aws_efs_file_system_policy",
		"aws_kinesis_resource_policy", "aws_kms_key", "aws_kms_key_policy", "aws_secretsmanager_secret",
		"aws_secretsmanager_secret_policy", "aws_sns_topic", "aws_sqs_queue",
	})
	some c in lib.by_type[type]
	some statement in lib.allows(c.after.policy)
	lib.anyone(statement)
	msg := sprintf("%s lets everyone in", [c.address])
}

# METADATA
# title: Transit gateway takes in everyone
# description: Attachments of other accounts are accepted one by one.
# custom:
#   code: transit_gateway_auto_accept
#   severity: high
#   remediation: Set auto_accept_shared_attachments to disable.
#   controls: ["FSBP:EC2.23"]
deny contains lib.finding("transit_gateway_auto_accept", msg, c.address) if {
	some c in lib.by_type.aws_ec2_transit_gateway
	lib.changed_to(c, "auto_accept_shared_attachments", "enable")
	msg := sprintf("%s would accept every attachment", [c.address])
}

public_address(attrs) if attrs.associate_public_ip_address in lib.yes

public_address(attrs) if {
	some card in lib.attr(attrs, "network_interfaces")
	card.associate_public_ip_address in lib.yes
}

# A cluster's endpoint is public, and open to all, unless it says otherwise.
api_public(attrs) if {
	some vpc in lib.attr(attrs, "vpc_config")
	lib.value(vpc, "endpoint_public_access", true) in lib.yes
	some cidr in lib.value(vpc, "public_access_cidrs", ["0.0.0.0/0"])
	world(cidr)
}

outside(c) if {
	c.action != "create"
	not lib.filled(c.before, "vpc_options")
}

for_all(attrs) if attrs.group == "all"

for_all(attrs) if "all" in lib.attr(attrs, "shared_accounts")

for_all(attrs) if lower(attrs.permissions.account_ids) == "all"

acl_ports(type, attrs) := {port |
	some rule in acl_rules(type, attrs)
	lower(rule.allow) == "allow"
	some cidr in rule.sources
	world(cidr)
	some port in [22, 3389]
	acl_covers(rule, port)
}

acl_rules("aws_network_acl_rule", attrs) := [{
	"allow": attrs.rule_action, "protocol": attrs.protocol, "rule": attrs,
	"sources": array.concat(lib.attr(attrs, "cidr_block"), lib.attr(attrs, "ipv6_cidr_block")),
}] if {
	not attrs.egress == true
	is_object(attrs)
}

acl_rules(type, attrs) := [{
	"allow": r.action, "protocol": r.protocol, "rule": r,
	"sources": array.concat(lib.attr(r, "cidr_block"), lib.attr(r, "ipv6_cidr_block")),
} |
	some r in lib.attr(attrs, "ingress")
] if {
	type != "aws_network_acl_rule"
}

default acl_rules(_, _) := []

acl_covers(rule, _) if rule.protocol in all_protocols

acl_covers(rule, port) if {
	rule.protocol in {"tcp", "6", 6}
	lib.number(rule.rule.from_port) <= port
	port <= lib.number(rule.rule.to_port)
}
