package aegis.gate

# METADATA
# title: Breaker open
# description: An open breaker stops changes of its stack, region, agent or tool.
# custom:
#   code: breaker_open
#   severity: high
#   remediation: Find out why it opened, then close it.
deny contains finding("breaker_open", msg, "") if {
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
warn contains finding("poor_history", msg, "") if {
	bad := input.history.rolled_back + input.history.failed
	bad > input.history.promoted
	msg := sprintf("%d of the last %d changes did not hold", [bad, bad + input.history.promoted])
}
