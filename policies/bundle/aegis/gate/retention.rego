package aegis.gate

# METADATA
# title: Logs kept too briefly
# description: Log groups keep their logs for a minimum time; 0 keeps them for ever.
# custom:
#   code: log_retention_too_short
#   severity: medium
#   remediation: Ask for a longer retention.
deny contains finding("log_retention_too_short", msg, c.address) if {
	some c in present
	c.type == "aws_cloudwatch_log_group"
	days := number(c.after.retention_in_days)
	days > 0
	days < settings.min_log_retention_days
	days != value(c.before, "retention_in_days", null)
	msg := sprintf("%s would keep logs for %d days; %d is the least", [c.address, days, settings.min_log_retention_days])
}
