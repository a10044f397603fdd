# METADATA
# title: Logging and detection
# description: "Trails, detectors and logs stay on: they are what finds out the rest."
# schemas:
#   - input: schema.gate.input
package aegis.packs.logging

import data.aegis.lib

# METADATA
# title: Logs kept too briefly
# description: Log groups keep their logs for a minimum time; 0 keeps them for ever.
# custom:
#   code: log_retention_too_short
#   severity: medium
#   remediation: Ask for a longer retention.
deny contains lib.finding("log_retention_too_short", msg, c.address) if {
	some c in lib.by_type.aws_cloudwatch_log_group
	days := lib.number(c.after.retention_in_days)
	days > 0
	days < lib.settings.min_log_retention_days
	days != lib.value(c.before, "retention_in_days", null)
	msg := sprintf("%s would keep logs for %d days; %d is the least", [c.address, days, lib.settings.min_log_retention_days])
}
