package aegis.system.log_test

import data.aegis.system.log

paths contains mask.path if {
	some mask in log.mask
	mask.op == "upsert"
	mask.value == "[secret]"
}

test_secret_settings_are_masked if {
	paths == {
		"/input/specs/dev.data.eu-west-1/parameters/settings/a~1db_password",
		"/input/change_set/patches/0/merge_patch/settings/API-KEY",
	} with input as {
		"specs": {"dev.data.eu-west-1": {"parameters": {"settings": {"a/db_password": "x", "log_level": "info"}}}},
		"change_set": {"patches": [{"merge_patch": {"settings": {"API-KEY": "x", "banner": "y"}}}]},
	}
}

test_secret_parameters_are_masked if {
	paths == {"/input/diff/0/after/value", "/input/inverse/0/before/value"} with input as {
		"diff": [{"type": "aws_ssm_parameter", "before": null, "after": {"type": "SecureString", "name": "x", "value": "v"}}],
		"inverse": [{"type": "aws_ssm_parameter", "before": {"type": "String", "name": "/aegis/token", "value": "v"}, "after": null}],
	}
}

test_other_values_stay if {
	log.mask == set() with input as {"diff": [{"type": "aws_vpc", "before": null, "after": {"value": "v"}}]}
}
