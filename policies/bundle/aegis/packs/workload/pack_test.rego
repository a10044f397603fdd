package aegis.packs.workload_test

import data.aegis.fixtures.create
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warned
import data.aegis.fixtures.warns

test_metadata_needs_a_token if {
	tokens := {"metadata_options": {"http_tokens": "required"}}
	denies("metadata_tokens_optional", create("aws_instance", {}))
	denies("metadata_tokens_optional", update("aws_launch_template", tokens, {"metadata_options": [{"http_tokens": "optional"}]}))
	not denies("metadata_tokens_optional", create("aws_launch_template", tokens))
	not denies("metadata_tokens_optional", create("aws_instance", {"metadata_options": [{"http_endpoint": "disabled"}]}))
	not denies("metadata_tokens_optional", update("aws_instance", {}, {}))
	not denies("metadata_tokens_optional", pending(create("aws_instance", {}), ["metadata_options.0.http_tokens"]))
}

test_images if {
	sound := {"image_tag_mutability": "IMMUTABLE", "image_scanning_configuration": [{"scan_on_push": true}]}
	warned(diff([create("aws_ecr_repository", {})])) == {"image_scanning_off", "image_tags_mutable"}
	warned(diff([update("aws_ecr_repository", sound, {})])) == {"image_scanning_off", "image_tags_mutable"}
	warned(diff([create("aws_ecr_repository", sound)])) == set()
	warned(diff([update("aws_ecr_repository", {}, {})])) == set()
}

test_runtimes_are_maintained if {
	denies("runtime_unsupported", create("aws_lambda_function", {"runtime": "python3.8"}))
	not denies("runtime_unsupported", create("aws_lambda_function", {"runtime": "provided.al2023"}))
	not denies("runtime_unsupported", update("aws_lambda_function", {"runtime": "python3.8"}, {"runtime": "python3.8"}))
	denies("kubernetes_unsupported", create("aws_eks_cluster", {"version": "1.24"}))
	not denies("kubernetes_unsupported", create("aws_eks_cluster", {"version": "1.33"}))
	not denies("kubernetes_unsupported", update("aws_eks_cluster", {"version": "1.24"}, {"version": "1.24"}))
}

containers(privileged) := {"container_definitions": json.marshal([{"name": "web", "privileged": privileged}])}

test_containers_are_not_privileged if {
	denies("privileged_container", create("aws_ecs_task_definition", containers(true)))
	not denies("privileged_container", create("aws_ecs_task_definition", containers(false)))
	not denies("privileged_container", create("aws_ecs_task_definition", {"container_definitions": "not json"}))
}

test_minor_versions_are_taken if {
	warns("minor_upgrades_off", create("aws_db_instance", {"auto_minor_version_upgrade": false}))
	not warns("minor_upgrades_off", create("aws_db_instance", {}))
}

test_groups_span_zones if {
	warns("group_in_one_zone", create("aws_autoscaling_group", {"vpc_zone_identifier": ["a"], "max_size": 4}))
	not warns("group_in_one_zone", create("aws_autoscaling_group", {"vpc_zone_identifier": ["a", "b"], "max_size": 4}))
	not warns("group_in_one_zone", create("aws_autoscaling_group", {"vpc_zone_identifier": ["a"], "max_size": 1}))
}
