package aegis.drift_test

import data.aegis.drift

seen := {"change": {"type": "aws_autoscaling_group", "address": "x"}, "attribute": "desired_capacity", "before": 2, "after": 3, "kind": "changed"}

extra := {"change": {"type": "aws_instance", "address": "x"}, "attribute": "", "kind": "unmanaged", "parent": ""}

test_drift_is_corrected_unless_listed if {
	drift.decision == "correct" with input as seen
	drift.decision == "correct" with input as {}
}

test_settings_choose if {
	drift.decision == "adopt" with input as seen with data.aegis.settings.drift.adopt as ["aws_autoscaling_group.*"]
	drift.decision == "report" with input as seen with data.aegis.settings.drift.report as ["*.desired_capacity"]
	drift.decision == "report" with input as seen
		with data.aegis.settings.drift as {"adopt": ["*"], "report": ["*"]}
}

test_unmanaged_resources_of_their_own_are_reported if {
	drift.decision == "report" with input as extra
	drift.decision == "correct" with input as object.union(extra, {"parent": "aws_security_group::web"})
	drift.decision == "correct" with input as extra with data.aegis.settings.drift.remove_unmanaged as ["aws_inst*"]
	drift.decision == "report" with input as object.union(extra, {"parent": "aws_security_group::web"})
		with data.aegis.settings.drift.report as ["aws_instance"]
}
