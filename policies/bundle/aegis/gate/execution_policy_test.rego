package aegis.gate_test

import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.envelope
import data.aegis.fixtures.given
import data.aegis.fixtures.update

test_envelope_is_computed_from_the_diff if {
	doc := given({
		"diff": [
			create("aws_kinesis_stream", {}), update("aws_route53_record", {}, {}), update("aws_route", {}, {}),
			create("aws_glue_job", {}), create("random_id", {}),
		],
		"inverse": [delete("aws_kinesis_stream", {})],
		"change_set": {"cost_delta_usd_month": 12.5},
	})
	envelope(doc) == {
		"tool_allowances": {"pulumi": -1},
		"resource_limits": {"max_changes": 5, "max_deletes": 1, "max_duration_seconds": 2100, "max_usd_month": 12.5},
		"network_scope": {"regions": ["eu-west-1"], "services": ["ec2", "glue", "kinesis", "kms", "route53"], "hosts": []},
		"data_scope": {"stack_ids": ["dev.data.eu-west-1", "dev.security.eu-west-1"], "secrets": false},
		"rollback_policy": {
			"automatic": true, "soak_seconds": 5, "canary": false,
			"breaker": {"failures": 5, "window_seconds": 3600, "open_seconds": 1800},
		},
	}
}

test_envelope_of_a_workspace if {
	doc := given({
		"change_set": {"target": {"kind": "terraform_workspace"}},
		"diff": [object.union(update("aws_ssm_parameter", {}, {}), {"sensitive": ["value"]})],
	})
	envelope(doc).tool_allowances == {"terraform": -1}
	envelope(doc).data_scope.secrets == true
	envelope(given({"change_set": {"target": {"kind": "aws_resource"}}})).tool_allowances == {"aws": -1}
	envelope(given({"change_set": {"target": {"kind": "game_world"}}})).tool_allowances == {"none": -1}
}
