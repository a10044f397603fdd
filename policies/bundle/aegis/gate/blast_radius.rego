package aegis.gate

# METADATA
# title: Too much at once
# description: One change set touches, deletes and replaces a bounded number of resources. A rollback is exempt.
# custom:
#   code: blast_radius
#   severity: high
#   remediation: Split the change.
deny contains finding("blast_radius", msg, "") if {
	input.source != "rollback"
	some limit in [
		{"what": "changed", "n": count(changes), "max": settings.max_changes},
		{"what": "deleted", "n": count(with_action("delete")), "max": settings.max_deletes},
	]
	limit.n > limit.max
	msg := sprintf("%d resources would be %s; the most is %d", [limit.n, limit.what, limit.max])
}

# METADATA
# title: Mass replacement
# description: Replacing many resources at once is an outage.
# custom:
#   code: mass_replacement
#   severity: high
#   remediation: Split the change, or find what forces the replacement.
deny contains finding("mass_replacement", msg, "") if {
	input.source != "rollback"
	n := count(with_action("replace"))
	n > settings.max_replacements
	msg := sprintf("%d resources would be replaced; the most is %d", [n, settings.max_replacements])
}

with_action(action) := [c | some c in changes; c.action == action]
