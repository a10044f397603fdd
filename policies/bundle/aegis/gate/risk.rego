package aegis.gate

# METADATA
# title: Risk above tolerance
# description: The risk score may not exceed what the goal tolerates; no tolerance given is "high".
# custom:
#   code: risk_exceeds_tolerance
#   severity: high
#   remediation: Make a smaller change, or submit the goal with a higher risk_tolerance.
deny contains finding("risk_exceeds_tolerance", msg, "") if {
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
deny contains finding("irreversible_change", msg, address) if {
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
warn contains finding("irreversible_part", msg, address) if {
	tolerance != "low"
	some address in input.change_set.irreversible
	msg := sprintf("the change of %s can't be undone", [address])
}

default tolerance := "high"

tolerance := input.change_set.risk_tolerance if input.change_set.risk_tolerance != ""

# A tolerance without a bound allows nothing.
max_risk := value(settings.max_risk, tolerance, -1)

default factors := ""

factors := sprintf(" (%s)", [concat(", ", codes)]) if {
	codes := [f.code | some f in input.change_set.risk_factors]
	count(codes) > 0
}
