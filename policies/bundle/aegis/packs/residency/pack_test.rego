package aegis.packs.residency_test

import data.aegis.fixtures.create
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.warns

test_other_regions_are_denied if {
	c := object.union(create("aws_vpc", {}), {"region": "ap-south-1"})
	denied(diff([c])) == {"region_not_allowed"}
	denied(given({"inverse": [c]})) == {"region_not_allowed"}
	denied(given({"change_set": {"target": {"regions": ["ap-south-1"]}}})) == {"region_not_allowed"}
}

test_global_services_have_no_region if {
	every region in ["", "global", "aws-global", "us-east-1"] {
		denied(diff([object.union(create("aws_iam_policy", {}), {"region": region})])) == set()
	}
}

test_no_region_is_allowed_when_none_is_configured if {
	denied(object.union(diff([create("aws_vpc", {})]), {"regions": []})) == {"region_not_allowed"}
}

test_replicas_stay_in_the_configured_regions if {
	every c in [
		create("aws_dynamodb_table", {"replica": [{"region_name": "ap-south-1"}]}),
		create("aws_secretsmanager_secret", {"replica": [{"region": "ap-south-1"}]}),
		create("aws_ecr_replication_configuration", {"replication_configuration": [{"rule": [{"destination": [{"region": "ap-south-1"}]}]}]}),
		create("aws_backup_plan", {"rule": [{"copy_action": [{"destination_vault_arn": "arn:aws:backup:ap-south-1:1:backup-vault:v"}]}]}),
		create("aws_ssmincidents_replication_set", {"region": [{"name": "ap-south-1"}]}),
	] {
		denies("replica_region_not_allowed", c)
	}
	not denies("replica_region_not_allowed", create("aws_dynamodb_table", {"replica": [{"region_name": "us-east-1"}]}))
	not denies("replica_region_not_allowed", create("aws_dynamodb_table", {}))
}

test_data_stays_at_home if {
	stream := create("aws_kinesis_stream", {})
	not denies("data_outside_home", stream)
	denies("data_outside_home", stream) with data.aegis.settings.data_regions as {"dev": ["eu-central-1"]}
	not denies("data_outside_home", stream) with data.aegis.settings.data_regions as {"dev": ["eu-west-1"]}
	copied := create("aws_dynamodb_table", {"replica": [{"region_name": "us-east-1"}]})
	denies("data_outside_home", copied) with data.aegis.settings.data_regions as {"dev": ["eu-west-1"]}
}

test_resources_are_where_their_stack_is if {
	warns("region_of_another_stack", object.union(create("aws_sns_topic", {}), {"region": "us-east-1"}))
	not warns("region_of_another_stack", create("aws_sns_topic", {}))
}
