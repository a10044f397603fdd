package aegis.gate

import data.aegis.lib

# METADATA
# title: The envelope in which the change is applied
# description: Computed from the diff, so that the executor's session can do this change and little else.
execution_policy := {
	"tool_allowances": {tool: -1},
	"resource_limits": {
		"max_changes": max([count(lib.changes), count(lib.undo)]),
		"max_deletes": max([count(lib.removed), count(lib.undo_removed)]),
		"max_duration_seconds": settings.max_duration_seconds.base + (settings.max_duration_seconds.per_change * count(lib.changes)),
		"max_usd_month": max([input.change_set.cost_delta_usd_month, 0]),
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
		"breaker": settings.breaker,
	},
}

default tool := "none"

tool := "pulumi" if input.change_set.target.kind == "pulumi_stack"

tool := "aws" if input.change_set.target.kind == "aws_resource"

tool := "terraform" if input.change_set.target.kind == "terraform_workspace"

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

secrets if input.diff[_].sensitive[_]

secrets if input.inverse[_].sensitive[_]

# Services are IAM prefixes of what the diff's types are made of, by the
# longest prefix of the type's name that the settings have, else by its second
# word.
services := {service | some listed in object.filter(settings.services, prefixes); some service in listed} | {split(prefix, "_")[1] | some prefix in (prefixes - object.keys(settings.services))}

prefixes := {p | some p in regex.find_n(prefix_pattern, concat("\n", types), -1)}

types := {t | t := input.diff[_].type} | {t | t := input.inverse[_].type}

# The first alternative that fits counts; in reverse order, the longer of two
# prefixes comes first.
prefix_pattern := sprintf(`(?m)^(%s|aws_[^_\n]*)`, [concat("|", array.reverse(sort(object.keys(settings.services))))])
