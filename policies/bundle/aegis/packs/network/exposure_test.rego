package aegis.packs.network_test

import data.aegis.fixtures.create
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.document
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

test_data_stores_are_private if {
	denies("public_database", create("aws_db_instance", {"publicly_accessible": true}))
	denies("public_database", update("aws_rds_cluster_instance", {"publicly_accessible": false}, {"publicly_accessible": true}))
	not denies("public_database", create("aws_redshift_cluster", {"publicly_accessible": false}))
	not denies("public_database", update("aws_db_instance", {"publicly_accessible": true}, {"publicly_accessible": true}))
}

test_instances_are_private if {
	denies("public_instance", create("aws_instance", {"associate_public_ip_address": true}))
	denies("public_instance", create("aws_launch_template", {"network_interfaces": [{"associate_public_ip_address": "true"}]}))
	not denies("public_instance", create("aws_launch_template", {"network_interfaces": [{"associate_public_ip_address": "false"}]}))
	warns("subnet_assigns_public_addresses", create("aws_subnet", {"map_public_ip_on_launch": true}))
	not warns("subnet_assigns_public_addresses", create("aws_subnet", {}))
}

test_default_group_is_empty if {
	open := {"ingress": [block("tcp", 443, 443, ["10.0.0.0/8"])]}
	denies("default_security_group_used", create("aws_default_security_group", open))
	denies("default_security_group_used", update("aws_default_security_group", {}, {"egress": open.ingress}))
	not denies("default_security_group_used", create("aws_default_security_group", {}))
	not denies("default_security_group_used", update("aws_default_security_group", open, {}))
	denied(diff([create("aws_default_security_group", {"ingress": [block("6", 9200, 9300, ["0.0.0.0/0"])]})])) == {
		"default_security_group_used", "world_open_admin_port",
	}
}

acl(rule) := {"egress": false, "rule_action": "allow", "protocol": "6", "cidr_block": rule.cidr, "from_port": rule.from, "to_port": rule.to}

test_network_acls if {
	warns("network_acl_open", create("aws_network_acl_rule", acl({"cidr": "0.0.0.0/0", "from": 22, "to": 22})))
	not warns("network_acl_open", create("aws_network_acl_rule", acl({"cidr": "10.0.0.0/8", "from": 22, "to": 22})))
	not warns("network_acl_open", create("aws_network_acl_rule", acl({"cidr": "0.0.0.0/0", "from": 443, "to": 443})))
	not warns("network_acl_open", create("aws_network_acl_rule", {"egress": true, "rule_action": "allow", "protocol": "-1", "cidr_block": "0.0.0.0/0"}))
	warns("network_acl_open", create("aws_network_acl", {"ingress": [{"action": "allow", "protocol": "-1", "cidr_block": "0.0.0.0/0"}]}))
	not warns("network_acl_open", create("aws_network_acl", {"ingress": [{"action": "deny", "protocol": "-1", "cidr_block": "0.0.0.0/0"}]}))
}

test_kubernetes_api_is_private if {
	denies("kubernetes_api_public", create("aws_eks_cluster", {"vpc_config": [{"subnet_ids": []}]}))
	denies("kubernetes_api_public", create("aws_eks_cluster", {"vpc_config": {"endpoint_public_access": true, "public_access_cidrs": ["0.0.0.0/0"]}}))
	not denies("kubernetes_api_public", create("aws_eks_cluster", {"vpc_config": {"endpoint_public_access": false}}))
	not denies("kubernetes_api_public", create("aws_eks_cluster", {"vpc_config": {"public_access_cidrs": ["192.0.2.0/24"]}}))
}

test_search_domains_are_in_the_network if {
	inside := {"vpc_options": [{"subnet_ids": ["subnet-1"]}]}
	denies("search_domain_public", create("aws_opensearch_domain", {}))
	denies("search_domain_public", update("aws_opensearch_domain", inside, {}))
	not denies("search_domain_public", create("aws_opensearch_domain", inside))
	not denies("search_domain_public", pending(create("aws_opensearch_domain", {}), ["vpc_options.0.subnet_ids"]))
	not denies("search_domain_public", update("aws_opensearch_domain", {}, {}))
}

test_functions_are_called_by_someone_named if {
	denies("public_function", create("aws_lambda_function_url", {"authorization_type": "NONE"}))
	denies("public_function", create("aws_lambda_permission", {"principal": "*"}))
	not denies("public_function", create("aws_lambda_permission", {"principal": "*", "principal_org_id": "o-1"}))
	not denies("public_function", create("aws_lambda_permission", {"principal": "s3.amazonaws.com"}))
	not denies("public_function", create("aws_lambda_function_url", {"authorization_type": "AWS_IAM"}))
}

test_nothing_is_shared_with_all if {
	denies("shared_with_everyone", create("aws_ami_launch_permission", {"group": "all"}))
	denies("shared_with_everyone", update("aws_db_snapshot", {}, {"shared_accounts": ["all"]}))
	denies("shared_with_everyone", create("aws_ssm_document", {"permissions": {"type": "Share", "account_ids": "All"}}))
	not denies("shared_with_everyone", create("aws_db_snapshot", {"shared_accounts": ["123456789012"]}))
}

test_resource_policies_name_principals if {
	everyone := document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"})
	owner := document({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"})
	denies("public_resource_policy", create("aws_kms_key", {"policy": everyone}))
	not denies("public_resource_policy", create("aws_kms_key", {"policy": owner}))
}

test_transit_gateways_ask if {
	denies("transit_gateway_auto_accept", create("aws_ec2_transit_gateway", {"auto_accept_shared_attachments": "enable"}))
	not denies("transit_gateway_auto_accept", create("aws_ec2_transit_gateway", {}))
}
