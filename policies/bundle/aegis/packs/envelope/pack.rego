# METADATA
# title: Envelope
# description: What the goal allows, what its risk tolerance bears, and breakers.
# schemas:
#   - input: schema.gate.input
package aegis.packs.envelope

import data.aegis.lib

# METADATA
# title: Breaker open
# description: An open breaker stops changes of its stack, region, agent or tool.
# custom:
#   code: breaker_open
#   severity: high
#   remediation: Find out why it opened, then close it.
deny contains lib.finding("breaker_open", msg, "") if {
	some b in input.breakers
	b.open
	msg := sprintf("the breaker of %s %s is open: %s", [b.scope, b.key, b.reason])
}

# METADATA
# title: Recent failures
# description: Changes of these stacks were rolled back or failed more often than they were promoted.
# custom:
#   code: poor_history
#   severity: low
#   remediation: Look at the traces of the last changes first.
warn contains lib.finding("poor_history", msg, "") if {
	bad := input.history.rolled_back + input.history.failed
	bad > input.history.promoted
	msg := sprintf("%d of the last %d changes did not hold", [bad, bad + input.history.promoted])
}

# METADATA
# title: Constraint of the goal broken
# description: A goal that allows no deletions or no replacements gets a plan without any.
# custom:
#   code: constraint_broken
#   severity: high
#   remediation: Submit the goal without the constraint, or ask for something else.
deny contains lib.finding("constraint_broken", msg, c.address) if {
	some c in lib.removed
	"no_deletions" in input.change_set.constraints
	msg := sprintf("%s would be %sd, and the goal allows no deletions", [c.address, c.action])
}

deny contains lib.finding("constraint_broken", msg, c.address) if {
	some c in lib.removed
	c.action == "replace"
	"no_replacements" in input.change_set.constraints
	msg := sprintf("%s would be replaced, and the goal allows no replacements", [c.address])
}

deny contains lib.finding("constraint_broken", msg, "") if {
	some place in ["layer", "region"]
	allowed := only(place)
	count(allowed) > 0
	some stack in changed_stacks
	not named(stack, place) in allowed
	msg := sprintf("%s would be changed, and the goal's specialist may change %s %s only", [stack, place, concat(", ", sort(allowed))])
}

deny contains lib.finding("constraint_broken", msg, "") if {
	some by in lib.said("begun_by:")
	time.parse_rfc3339_ns(input.now) > time.parse_rfc3339_ns(by)
	msg := sprintf("it would be begun after the goal's deadline, %s", [by])
}

changed_stacks := {stack | some stack in input.change_set.target.stack_ids} | {c.stack_id | some c in input.diff}

# only are the layers, or the regions, that the constraints allow; none is every one.
only(place) := lib.said(sprintf("only_%s:", [place]))

# named is the part of a stack's id, such as "prod.data.eu-west-1".
named(stack, place) := split(stack, ".")[{"layer": 1, "region": 2}[place]]

# METADATA
# title: Risk above tolerance
# description: The risk score may not exceed what the goal tolerates; no tolerance given is "high".
# custom:
#   code: risk_exceeds_tolerance
#   severity: high
#   remediation: Make a smaller change, or submit the goal with a higher risk_tolerance.
deny contains lib.finding("risk_exceeds_tolerance", msg, "") if {
	input.change_set.risk_score > max_risk
	msg := sprintf("risk score %d is above %d, the bound of tolerance %s%s", [
		input.change_set.risk_score, max_risk, tolerance, factors,
	])
}

# METADATA
# title: Change that can't be undone
# description: A goal of low risk tolerance may change nothing that the inverse can't restore.
# custom:
#   code: irreversible_change
#   severity: high
#   remediation: Submit the goal with risk_tolerance medium or high if losing it is acceptable.
deny contains lib.finding("irreversible_change", msg, address) if {
	tolerance == "low"
	some address in input.change_set.irreversible
	msg := sprintf("the change of %s can't be undone", [address])
}

# METADATA
# title: Part of the change can't be undone
# description: Rolling back would not restore this resource's content.
# custom:
#   code: irreversible_part
#   severity: medium
#   remediation: Keep a copy of what matters.
warn contains lib.finding("irreversible_part", msg, address) if {
	tolerance != "low"
	some address in input.change_set.irreversible
	msg := sprintf("the change of %s can't be undone", [address])
}

default tolerance := "high"

tolerance := input.change_set.risk_tolerance if input.change_set.risk_tolerance != ""

# A tolerance without a bound allows nothing.
max_risk := lib.value(lib.settings.max_risk, tolerance, -1)

default factors := ""

factors := sprintf(" (%s)", [concat(", ", codes)]) if {
	codes := [f.code | some f in input.change_set.risk_factors]
	count(codes) > 0
}
