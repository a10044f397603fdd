package aegis.gate

# METADATA
# title: The envelope in which the change is applied
# description: Computed from the diff, so that the executor's session can do this change and little else.
execution_policy := {
	"tool_allowances": {tool: -1},
	"resource_limits": {
		"max_changes": max([count(changes), count(undo)]),
		"max_deletes": max([count(removed), count(undo_removed)]),
		"max_duration_seconds": settings.max_duration_seconds.base + (settings.max_duration_seconds.per_change * count(changes)),
		"max_usd_month": max([cost, 0]),
	},
	"network_scope": {
		"regions": sort([r | some r in input.change_set.target.regions]),
		"services": sort(services),
		"hosts": [],
	},
	"data_scope": {
		"stack_ids": sort(readable),
		"secrets": secrets,
	},
	"rollback_policy": {
		"automatic": automatic,
		"soak_seconds": soak_seconds,
		"canary": canary,
	},
}

default tool := "none"

tool := "pulumi" if input.change_set.target.kind == "pulumi_stack"

tool := "terraform" if input.change_set.target.kind == "terraform_workspace"

undo_removed := [c | some c in undo; c.action in {"delete", "replace"}]

# The inverse is applied unasked only when policy has nothing against it.
default automatic := true

automatic := false if {
	some w in warn
	startswith(w.code, "inverse_")
}

readable contains id if some id in input.change_set.target.stack_ids

readable contains id if {
	some stack in input.stacks
	some id in stack.depends_on
}

default secrets := false

secrets if {
	some c in array.concat(changes, undo)
	count(items(c.sensitive)) > 0
}

# Services are IAM prefixes of what the diff's types are made of, by the
# longest prefix of the type's name that the settings have.
services contains service if {
	some type in {c.type | some c in array.concat(changes, undo)}
	some service in services_of(type)
}

services_of(type) := settings.services[prefix] if {
	fitting := {p | some p, _ in settings.services; startswith(type, p)}
	longest := max({count(p) | some p in fitting})
	some prefix in fitting
	count(prefix) == longest
}

services_of(type) := [split(type, "_")[1]] if {
	startswith(type, "aws_")
	count({p | some p, _ in settings.services; startswith(type, p)}) == 0
}
