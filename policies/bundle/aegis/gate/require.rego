package aegis.gate

# METADATA
# title: What an allowed change must do
# description: |
#   One region first, when there are several and something runs already; a
#   soak by source; a snapshot when something is taken away or holds data.
require := {
	"canary": canary,
	"soak_seconds": soak_seconds,
	"snapshot": snapshot,
	"simulate": false,
}

default canary := false

canary if {
	count(input.change_set.target.stack_ids) > 1
	some id in input.change_set.target.stack_ids
	exists(input.stacks[id])
}

exists(stack) if stack.revision > 0

exists(stack) if stack.resource_count > 0

soak_seconds := value(settings.soak_seconds, input.source, settings.soak_seconds["default"])

default snapshot := false

snapshot if count(removed) > 0

snapshot if {
	some c in changes
	c.type in settings.stateful_types
	c.action != "create"
}
