package aegis.gate

# METADATA
# title: Constraint of the goal broken
# description: A goal that allows no deletions or no replacements gets a plan without any.
# custom:
#   code: constraint_broken
#   severity: high
#   remediation: Submit the goal without the constraint, or ask for something else.
deny contains finding("constraint_broken", msg, c.address) if {
	some c in removed
	"no_deletions" in input.change_set.constraints
	msg := sprintf("%s would be %sd, and the goal allows no deletions", [c.address, c.action])
}

deny contains finding("constraint_broken", msg, c.address) if {
	some c in removed
	c.action == "replace"
	"no_replacements" in input.change_set.constraints
	msg := sprintf("%s would be replaced, and the goal allows no replacements", [c.address])
}
