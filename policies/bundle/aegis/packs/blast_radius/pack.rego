# METADATA
# title: Blast radius
# description: How much one change may touch at once.
# schemas:
#   - input: schema.gate.input
package aegis.packs.blast_radius

import data.aegis.lib

# METADATA
# title: Too much at once
# description: |
#   One change set touches and deletes a bounded number of resources. Rollbacks,
#   policy bundles and stacks that may go as a whole are exempt.
# custom:
#   code: blast_radius
#   severity: high
#   remediation: Split the change.
deny contains lib.finding("blast_radius", msg, "") if {
	input.source != "rollback"
	not input.change_set.target.kind == "policy_bundle"
	some limit in [
		{"what": "changed", "n": count(lib.changes) - count(leaving), "max": lib.settings.max_changes},
		{"what": "deleted", "n": count(lib.by_action.delete) - count(leaving), "max": lib.settings.max_deletes},
	]
	limit.n > limit.max
	msg := sprintf("%d resources would be %s; the most is %d", [limit.n, limit.what, limit.max])
}

leaving := [c | some c in lib.by_action.delete; lib.goes_with_stack(c)]

# METADATA
# title: Mass replacement
# description: Replacing many resources at once is an outage.
# custom:
#   code: mass_replacement
#   severity: high
#   remediation: Split the change, or find what forces the replacement.
deny contains lib.finding("mass_replacement", msg, "") if {
	input.source != "rollback"
	n := count(lib.by_action.replace)
	n > lib.settings.max_replacements
	msg := sprintf("%d resources would be replaced; the most is %d", [n, lib.settings.max_replacements])
}

# METADATA
# title: Too many stacks at once
# description: One change set is about a bounded number of stacks. Fixed programs and rollbacks are exempt.
# custom:
#   code: too_many_stacks
#   severity: high
#   remediation: Split the change by region or environment.
deny contains lib.finding("too_many_stacks", msg, "") if {
	not lib.own
	n := count(input.change_set.target.stack_ids)
	n > lib.settings.max_stacks
	msg := sprintf("%d stacks would be changed; the most is %d", [n, lib.settings.max_stacks])
}

# METADATA
# title: Foundation replaced
# description: Replacing a network, a cluster or a load balancer takes down what stands on it.
# custom:
#   code: foundation_replaced
#   severity: high
#   remediation: Make the new one beside it, move over, then remove the old one.
warn contains lib.finding("foundation_replaced", msg, c.address) if {
	some type in (lib.removed_types & foundation_types)
	some c in lib.removed_by_type[type]
	c.action == "replace"
	msg := sprintf("%s would be replaced, with what stands on it", [c.address])
}

# METADATA
# title: Taken away in every region
# description: A change that deletes or replaces in every configured region leaves none to fall back on.
# custom:
#   code: destructive_everywhere
#   severity: high
#   remediation: Change one region first, by a goal of its own.
warn contains lib.finding("destructive_everywhere", msg, "") if {
	input.source != "rollback"
	count(lib.removed) > 0
	regions := {r | some r in input.regions}
	count(regions) > 1
	count(regions - {c.region | some c in lib.removed}) == 0
	msg := sprintf("resources would be deleted or replaced in all %d regions", [count(regions)])
}

# METADATA
# title: Many DNS records removed
# description: Names that vanish take down what is reached by them.
# custom:
#   code: dns_records_removed
#   severity: high
#   remediation: Remove records a few at a time.
deny contains lib.finding("dns_records_removed", msg, "") if {
	input.source != "rollback"
	n := count([c | some c in lib.removed_by_type.aws_route53_record; c.action == "delete"])
	n > lib.settings.max_record_deletes
	msg := sprintf("%d DNS records would be deleted; the most is %d", [n, lib.settings.max_record_deletes])
}

foundation_types := {t | some t in lib.settings.foundation_types}
