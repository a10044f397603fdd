package aegis.packs.logging

import data.aegis.lib

# METADATA
# title: Trail weakened
# description: |
#   CloudTrail goes on recording every region, with validation of its files, until
#   its stack goes.
# custom:
#   code: trail_weakened
#   severity: critical
#   remediation: Keep the trail as it is.
#   controls: ["FSBP:CloudTrail.1", "FSBP:CloudTrail.4", "CIS-3.0.0:3.1", "CIS-3.0.0:3.2"]
deny contains lib.finding("trail_weakened", msg, c.address) if {
	some c in lib.by_type.aws_cloudtrail
	some name in ["enable_logging", "is_multi_region_trail", "enable_log_file_validation", "include_global_service_events"]
	lib.turned_off(c, name)
	msg := sprintf("%s turns off %s", [c.address, name])
}

deny contains lib.finding("trail_weakened", msg, c.address) if {
	some c in lib.removed_by_type.aws_cloudtrail
	input.source != "rollback"
	not lib.goes_with_stack(c)
	msg := sprintf("%s would be %sd", [c.address, c.action])
}

# METADATA
# title: Trail without a key
# description: The trail's files are encrypted with a key of the estate.
# custom:
#   code: trail_unencrypted
#   severity: medium
#   remediation: Give the trail a kms_key_id.
#   controls: ["FSBP:CloudTrail.2", "CIS-3.0.0:3.5"]
warn contains lib.finding("trail_unencrypted", msg, c.address) if {
	some c in lib.by_type.aws_cloudtrail
	c.action == "create"
	lib.unset(c, "kms_key_id")
	msg := sprintf("%s has no key", [c.address])
}

# METADATA
# title: Detector turned off
# description: What finds threats and misconfiguration stays on, in every region, until its stack goes.
# custom:
#   code: detector_disabled
#   severity: critical
#   remediation: Suppress the findings that don't matter instead.
#   controls: ["FSBP:Config.1", "FSBP:GuardDuty.1", "CIS-3.0.0:3.3", "CIS-3.0.0:1.20"]
deny contains lib.finding("detector_disabled", msg, c.address) if {
	some type, name in object.filter(
		{
			"aws_config_configuration_recorder_status": "is_enabled",
			"aws_guardduty_detector": "enable",
		},
		lib.types,
	)
	some c in lib.by_type[type]
	lib.changed_to(c, name, false)
	msg := sprintf("%s would be turned off", [c.address])
}

deny contains lib.finding("detector_disabled", msg, c.address) if {
	input.source != "rollback"
	some type in (lib.removed_types & {
		"aws_accessanalyzer_analyzer", "aws_config_configuration_recorder", "aws_config_configuration_recorder_status",
		"aws_guardduty_detector", "aws_inspector2_enabler", "aws_macie2_account", "aws_securityhub_account",
		"aws_securityhub_standards_subscription",
	})
	some c in lib.removed_by_type[type]
	c.action == "delete"
	not lib.goes_with_stack(c)
	msg := sprintf("%s would be deleted", [c.address])
}

# METADATA
# title: Flow log removed
# description: The traffic of a network that stays goes on being logged.
# custom:
#   code: flow_log_removed
#   severity: high
#   remediation: Keep the flow log; sample or shorten its retention instead.
#   controls: ["FSBP:EC2.6", "CIS-3.0.0:3.7"]
deny contains lib.finding("flow_log_removed", msg, c.address) if {
	input.source != "rollback"
	some c in lib.removed_by_type.aws_flow_log
	c.action == "delete"
	not vpc_removed(c)
	msg := sprintf("%s would be deleted while its network stays", [c.address])
}

# METADATA
# title: Network without flow logs
# description: A VPC is created with a flow log.
# custom:
#   code: flow_log_missing
#   severity: low
#   remediation: Add a flow log to the VPC.
#   controls: ["FSBP:EC2.6", "CIS-3.0.0:3.7"]
warn contains lib.finding("flow_log_missing", msg, c.address) if {
	some c in lib.by_type.aws_vpc
	c.action == "create"
	not c.stack_id in {f.stack_id | some f in lib.by_type.aws_flow_log}
	msg := sprintf("the traffic of %s is not logged", [c.address])
}

# METADATA
# title: Access logs turned off
# description: Balancers, distributions and buckets that log who came go on doing so.
# custom:
#   code: access_logs_off
#   severity: high
#   remediation: Keep the access logs, and let a lifecycle rule delete old ones.
#   controls: ["FSBP:CloudFront.5", "FSBP:ELB.5", "FSBP:S3.9"]
deny contains lib.finding("access_logs_off", msg, c.address) if {
	some type, name in object.filter({"aws_alb": "access_logs", "aws_cloudfront_distribution": "logging_config", "aws_lb": "access_logs"}, lib.types)
	some c in lib.by_type[type]
	logs(c.before, name)
	not logs(c.after, name)
	not lib.pending(c, name)
	msg := sprintf("%s loses %s", [c.address, name])
}

deny contains lib.finding("access_logs_off", msg, c.address) if {
	some c in lib.removed_by_type.aws_s3_bucket_logging
	c.action == "delete"
	not lib.goes_with_bucket(c)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

# METADATA
# title: Audit logs missing
# description: Clusters and search domains are created with their audit logs on.
# custom:
#   code: audit_logs_missing
#   severity: medium
#   remediation: Turn the audit log on.
#   controls: ["FSBP:EKS.8", "FSBP:Opensearch.5"]
warn contains lib.finding("audit_logs_missing", msg, c.address) if {
	some c in lib.by_type.aws_eks_cluster
	c.action == "create"
	not "audit" in lib.attr(c.after, "enabled_cluster_log_types")
	msg := sprintf("%s keeps no audit log", [c.address])
}

warn contains lib.finding("audit_logs_missing", msg, c.address) if {
	some c in lib.by_type.aws_opensearch_domain
	c.action == "create"
	not "AUDIT_LOGS" in {o.log_type | some o in lib.attr(c.after, "log_publishing_options")}
	msg := sprintf("%s keeps no audit log", [c.address])
}

# METADATA
# title: Alarm silenced
# description: An alarm that calls nobody is none.
# custom:
#   code: alarm_silenced
#   severity: medium
#   remediation: Raise the threshold, or send it elsewhere.
warn contains lib.finding("alarm_silenced", msg, c.address) if {
	some type in (lib.types & {"aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm"})
	some c in lib.by_type[type]
	lib.changed_to(c, "actions_enabled", false)
	msg := sprintf("%s would call nobody", [c.address])
}

vpc_removed(flow_log) if {
	some c in lib.removed_by_type.aws_vpc
	c.stack_id == flow_log.stack_id
	c.action == "delete"
}

# An S3 target is off when its block says so; other blocks are on when present.
logs(attrs, name) if {
	some block in lib.attr(attrs, name)
	lib.value(block, "enabled", true) in lib.yes
}
