package aegis.gate_test

two_regions(revision) := given({
	"change_set": {"target": {"stack_ids": ["dev.data.eu-west-1", "dev.data.us-east-1"]}},
	"stacks": {
		"dev.data.eu-west-1": {"revision": revision, "resource_count": 0},
		"dev.data.us-east-1": {"revision": 0, "resource_count": 0},
	},
})

test_canary_when_several_stacks_and_something_runs if {
	required(two_regions(1)).canary == true
	required(two_regions(0)).canary == false
	required(base).canary == false
	adopted := object.union(two_regions(0), {"stacks": {"dev.data.us-east-1": {"resource_count": 4}}})
	required(adopted).canary == true
}

test_soak_by_source if {
	required(base).soak_seconds == 5
	required(given({"source": "bootstrap"})).soak_seconds == 0
	required(base).soak_seconds == 60 with data.aegis.settings.soak_seconds as {"default": 60}
}

test_snapshot_when_something_is_at_stake if {
	required(diff([create("aws_kinesis_stream", {})])).snapshot == false
	required(diff([update("aws_kinesis_stream", {}, {})])).snapshot == true
	required(diff([delete("aws_subnet", {})])).snapshot == true
	required(diff([update("aws_subnet", {}, {})])).snapshot == false
}

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
		"rollback_policy": {"automatic": true, "soak_seconds": 5, "canary": false},
	}
}

test_envelope_of_a_workspace if {
	doc := given({
		"change_set": {"target": {"kind": "terraform_workspace"}},
		"diff": [object.union(update("aws_ssm_parameter", {}, {}), {"sensitive": ["value"]})],
	})
	envelope(doc).tool_allowances == {"terraform": -1}
	envelope(doc).data_scope.secrets == true
	envelope(given({"change_set": {"target": {"kind": "game_world"}}})).tool_allowances == {"none": -1}
}
