package aegis.gate

# METADATA
# title: Budget exceeded
# description: |
#   A change may cost no more than its goal's budget, and no more than what is
#   left of the estate's. A negative limit of the estate is none.
# custom:
#   code: budget_exceeded
#   severity: high
#   remediation: Ask for less, or have the budget raised.
deny contains finding("budget_exceeded", msg, "") if {
	limit := input.budget.goal_usd_month
	is_number(limit)
	cost > 0
	cost > limit
	msg := sprintf("it adds $%.2f a month, the goal's budget is $%.2f", [cost, limit])
}

deny contains finding("budget_exceeded", msg, "") if {
	input.budget.limit_usd_month >= 0
	cost > 0
	cost > left
	msg := sprintf("it adds $%.2f a month, $%.2f of the estate's $%.2f is left", [
		cost, left, input.budget.limit_usd_month,
	])
}

# METADATA
# title: Cost not known
# description: The price of some resources is unknown, so that the budget covers only the others.
# custom:
#   code: cost_unknown
#   severity: low
#   remediation: Look at the bill after the change.
warn contains finding("cost_unknown", msg, address) if {
	some address in input.change_set.cost_unknown
	msg := sprintf("the price of %s is unknown", [address])
}

cost := input.change_set.cost_delta_usd_month

left := (input.budget.limit_usd_month - input.budget.reserved_usd_month) - input.budget.spent_usd_month
