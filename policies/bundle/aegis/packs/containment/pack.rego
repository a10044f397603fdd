# METADATA
# title: Break-glass
# description: |
#   A change of a source in break_glass.sources contains an incident. It is not
#   held up by the packs in break_glass.packs, whose denials become warnings
#   and whose requirements are dropped; in return it may only take away.
# schemas:
#   - input: schema.gate.input
package aegis.packs.containment

import data.aegis.lib

# METADATA
# title: Containment of the wrong thing
# description: Containing an incident changes access, credentials and the network, not what holds data or runs.
# custom:
#   code: containment_type
#   severity: high
#   remediation: Submit a goal for the rest.
deny contains lib.finding("containment_type", msg, c.address) if {
	contains_incident
	some c in lib.changes
	not c.type in lib.settings.break_glass.types
	msg := sprintf("%s is a %s, which containment may not change", [c.address, c.type])
}

# METADATA
# title: Containment too wide
# description: Containing an incident touches what the incident is about; more needs a goal.
# custom:
#   code: containment_too_wide
#   severity: high
#   remediation: Contain what is known to be affected.
deny contains lib.finding("containment_too_wide", msg, "") if {
	contains_incident
	n := count(lib.changes)
	n > lib.settings.break_glass.max_changes
	msg := sprintf("%d resources would be changed; the most is %d", [n, lib.settings.break_glass.max_changes])
}

# METADATA
# title: Containment that grants
# description: Containing an incident gives nobody more than before.
# custom:
#   code: containment_grants
#   severity: critical
#   remediation: Take away, or submit a goal.
deny contains lib.finding("containment_grants", msg, c.address) if {
	contains_incident
	some type in (lib.types & {"aws_iam_access_key", "aws_iam_user", "aws_iam_user_login_profile"})
	some c in lib.by_type[type]
	c.action != "update"
	msg := sprintf("%s would be created", [c.address])
}

deny contains lib.finding("containment_grants", msg, c.address) if {
	contains_incident
	some type, name in object.filter(
		{
			"aws_iam_group_policy": "policy", "aws_iam_policy": "policy", "aws_iam_role": "assume_role_policy",
			"aws_iam_role_policy": "policy", "aws_iam_user_policy": "policy", "aws_s3_bucket_policy": "policy",
		},
		lib.types,
	)
	some c in lib.by_type[type]
	new := {s | some s in lib.allows(lib.value(c.after, name, null))} - {s | some s in lib.allows(lib.value(c.before, name, null))}
	count(new) > 0
	msg := sprintf("%s would allow something new", [c.address])
}

deny contains lib.finding("containment_grants", msg, c.address) if {
	contains_incident
	some type in (lib.types & {"aws_security_group_rule", "aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule"})
	some c in lib.by_type[type]
	msg := sprintf("%s would open a way in or out", [c.address])
}

deny contains lib.finding("containment_grants", msg, c.address) if {
	contains_incident
	some type in (lib.types & {"aws_default_security_group", "aws_security_group"})
	some c in lib.by_type[type]
	some direction in ["ingress", "egress"]
	new := {r | some r in lib.attr(c.after, direction)} - {r | some r in lib.attr(c.before, direction)}
	count(new) > 0
	msg := sprintf("%s would open a way in or out", [c.address])
}

# METADATA
# title: Glass broken
# description: This change is not held up by the packs in break_glass.packs.
# custom:
#   code: break_glass_used
#   severity: medium
#   remediation: Look at the incident, and at what was changed.
warn contains lib.finding("break_glass_used", msg, "") if {
	contains_incident
	msg := sprintf("%s contains an incident; not asked: %s", [input.actor, concat(", ", lib.settings.break_glass.packs)])
}

contains_incident if input.source in lib.settings.break_glass.sources
