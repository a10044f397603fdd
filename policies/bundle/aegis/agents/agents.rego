# METADATA
# title: What agents may call
# description: |
#   Judges one call of a tool, in input.tool, by an agent for a goal. The call is
#   made when deny is empty and fewer calls than execution_policy.tool_allowances
#   of the tool were made for the goal (input.used); -1 is no limit. Hosts of
#   network_scope, and where there are any its regions and the stacks of
#   data_scope, narrow what the call may reach. Modules of your own in this
#   package add to deny and to limits; settings.agents has the numbers.
# schemas:
#   - input: schema.agents.input
package aegis.agents

import data.aegis.lib

execution_policy := {
	"tool_allowances": {input.tool.name: allowance},
	"resource_limits": {},
	"network_scope": {"regions": sort(regions), "services": [], "hosts": sort(hosts)},
	"data_scope": {"stack_ids": sort(stack_ids), "secrets": false},
	"rollback_policy": {"automatic": false, "soak_seconds": 0, "canary": false},
}

settings := lib.settings.agents

# The lowest limit counts. Without one there is no limit, but an effect that has
# none in the settings is denied.
default allowance := -1

allowance := 0 if count(deny) > 0

allowance := min(bounds) if {
	count(deny) == 0
	count(bounds) > 0
}

bounds := {n | some n in limits; n >= 0}

# METADATA
# title: Most calls of the tool for a goal
# description: A set of numbers, of which the lowest counts; -1 is none.
limits contains settings.calls[input.tool.effect]

limits contains settings.tools[input.tool.name]

# METADATA
# title: Hosts that the call may reach
# description: Those that the agent has, for what fetches or runs.
hosts contains host if {
	input.tool.effect in {"fetch", "run"}
	some host in input.agent.hosts
}

# METADATA
# title: Regions that the call may look at
# description: Empty is all that the agent may look at.
regions contains region if some region in settings.regions

# METADATA
# title: Stacks that the call may look at
# description: Empty is all that the agent may look at.
stack_ids contains id if some id in settings.stack_ids

# METADATA
# title: Tool with an unknown effect
deny contains {"code": "tool_effect_unknown", "msg": msg} if {
	not input.tool.effect in object.keys(settings.calls)
	msg := sprintf("%s has the effect %q, which settings.agents.calls does not have", [input.tool.name, input.tool.effect])
}

# METADATA
# title: Tool that an agent has to name
# description: What runs programs, and what others serve, is for agents that name it among their tools.
deny contains {"code": "tool_not_named", "msg": msg} if {
	to_be_named
	not named
	msg := sprintf("agent %s does not name %s among its tools", [input.agent.name, input.tool.name])
}

# METADATA
# title: Fetching without hosts
deny contains {"code": "no_hosts", "msg": msg} if {
	input.tool.effect == "fetch"
	not input.agent.hosts[0]
	msg := sprintf("agent %s names no hosts to fetch from", [input.agent.name])
}

to_be_named if input.tool.effect in settings.named.effects

to_be_named if {
	some pattern in settings.named.sources
	glob.match(pattern, null, input.tool.source)
}

named if input.tool.name in input.agent.tools
