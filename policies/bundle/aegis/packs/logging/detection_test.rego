package aegis.packs.logging_test

import data.aegis.fixtures.by
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warned
import data.aegis.fixtures.warns

test_what_watches_goes_with_a_stack_that_may_go if {
	stack := "dev.security.eu-west-1"
	watchers := [object.union(delete(type, {}), {"stack_id": stack}) |
		some type in ["aws_cloudtrail", "aws_guardduty_detector", "aws_securityhub_account"]
	]
	gone := {
		"diff": watchers, "source": "operator", "change_set": {"patches": [{"stack_id": stack, "destroy": true}]},
		"specs": {stack: {"parameters": {"deletable": true}}},
	}
	denied(given(gone)) == set()
	denied(given(object.union(gone, {"change_set": {"patches": [{"stack_id": stack, "merge_patch": {"trail": null}}]}}))) == {
		"detector_disabled", "trail_weakened",
	}
}

test_trails_stay if {
	full := {"enable_logging": true, "is_multi_region_trail": true, "enable_log_file_validation": true}
	denies("trail_weakened", update("aws_cloudtrail", full, object.union(full, {"enable_log_file_validation": false})))
	denies("trail_weakened", update("aws_cloudtrail", full, {}))
	denies("trail_weakened", delete("aws_cloudtrail", full))
	not denies("trail_weakened", update("aws_cloudtrail", full, full))
	not denies("trail_weakened", create("aws_cloudtrail", {"enable_logging": false}))
	denied(by("rollback", [delete("aws_cloudtrail", full)])) == set()
	warns("trail_unencrypted", create("aws_cloudtrail", full))
	not warns("trail_unencrypted", create("aws_cloudtrail", {"kms_key_id": "k"}))
}

test_detectors_stay if {
	denies("detector_disabled", update("aws_guardduty_detector", {"enable": true}, {"enable": false}))
	denies("detector_disabled", delete("aws_securityhub_account", {}))
	not denies("detector_disabled", create("aws_guardduty_detector", {"enable": true}))
	denied(by("rollback", [delete("aws_guardduty_detector", {})])) == set()
}

test_flow_logs_stay if {
	denies("flow_log_removed", delete("aws_flow_log", {"vpc_id": "vpc-1"}))
	denied(diff([delete("aws_flow_log", {}), delete("aws_vpc", {})])) == set()
	warns("flow_log_missing", create("aws_vpc", {}))
	not "flow_log_missing" in warned(diff([create("aws_vpc", {}), create("aws_flow_log", {})]))
}

test_access_logs_stay if {
	on := {"access_logs": [{"bucket": "b", "enabled": true}]}
	denies("access_logs_off", update("aws_lb", on, {"access_logs": [{"bucket": "b", "enabled": false}]}))
	denies("access_logs_off", update("aws_cloudfront_distribution", {"logging_config": [{"bucket": "b"}]}, {}))
	denies("access_logs_off", delete("aws_s3_bucket_logging", {"bucket": "b"}))
	not denies("access_logs_off", update("aws_lb", on, on))
	not denies("access_logs_off", update("aws_lb", {}, {}))
}

test_audit_logs if {
	warns("audit_logs_missing", create("aws_eks_cluster", {"enabled_cluster_log_types": ["api"]}))
	not warns("audit_logs_missing", create("aws_eks_cluster", {"enabled_cluster_log_types": ["api", "audit"]}))
	warns("audit_logs_missing", create("aws_opensearch_domain", {}))
	not warns("audit_logs_missing", create("aws_opensearch_domain", {"log_publishing_options": [{"log_type": "AUDIT_LOGS"}]}))
}

test_alarms_call_somebody if {
	warns("alarm_silenced", update("aws_cloudwatch_metric_alarm", {"actions_enabled": true}, {"actions_enabled": false}))
	not warns("alarm_silenced", create("aws_cloudwatch_metric_alarm", {}))
}
