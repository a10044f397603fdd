# METADATA
# title: Cost
# description: A change costs no more than was agreed.
# schemas:
#   - input: schema.gate.input
package aegis.packs.cost

import data.aegis.lib

# METADATA
# title: Budget exceeded
# description: |
#   A change may cost no more than its goal's budget, than what its goal's other
#   tasks leave of it, and than what is left of the estate's. A negative limit of the
#   estate is none.
# custom:
#   code: budget_exceeded
#   severity: high
#   remediation: Ask for less, or have the budget raised.
deny contains lib.finding("budget_exceeded", msg, "") if {
	limit := input.budget.goal_usd_month
	is_number(limit)
	cost > 0
	cost > limit
	msg := sprintf("it adds %s a month, the goal's budget is %s", [lib.usd(cost), lib.usd(limit)])
}

deny contains lib.finding("budget_exceeded", msg, "") if {
	some text in lib.said("at_most_usd_month:")
	share := to_number(text)
	cost > 0
	cost > share
	msg := sprintf("it adds %s a month, and the goal's other tasks leave %s of its budget", [lib.usd(cost), lib.usd(share)])
}

deny contains lib.finding("budget_exceeded", msg, "") if {
	input.budget.limit_usd_month >= 0
	cost > 0
	cost > left
	msg := sprintf("it adds %s a month, %s of the estate's %s is left", [
		lib.usd(cost), lib.usd(left), lib.usd(input.budget.limit_usd_month),
	])
}

# METADATA
# title: Budget nearly spent
# description: After this change, little of the estate's budget is left.
# custom:
#   code: budget_nearly_spent
#   severity: low
#   remediation: Raise the budget in time, or free something.
warn contains lib.finding("budget_nearly_spent", msg, "") if {
	limit := input.budget.limit_usd_month
	limit > 0
	cost > 0
	cost <= left
	left - cost < limit * (1 - lib.settings.budget_warning_share)
	msg := sprintf("%s of the estate's %s a month would be left", [lib.usd(left - cost), lib.usd(limit)])
}

# METADATA
# title: Costly step
# description: One change adds no more than max_step_usd_month, whatever the budget. Fixed programs are exempt.
# custom:
#   code: cost_step
#   severity: high
#   remediation: Split the change, or have an operator raise max_step_usd_month.
deny contains lib.finding("cost_step", msg, "") if {
	not lib.own
	cost > lib.settings.max_step_usd_month
	msg := sprintf("it adds %s a month; the most for one change is %s", [lib.usd(cost), lib.usd(lib.settings.max_step_usd_month)])
}

# METADATA
# title: Cost not known
# description: The price of some resources is unknown, so that the budget covers only the others.
# custom:
#   code: cost_unknown
#   severity: low
#   remediation: Look at the bill after the change.
warn contains lib.finding("cost_unknown", msg, address) if {
	some address in input.change_set.cost_unknown
	msg := sprintf("the price of %s is unknown", [address])
}

# METADATA
# title: Instance type not allowed
# description: The largest and the special instance types need an operator's word.
# custom:
#   code: instance_type_not_allowed
#   severity: high
#   remediation: Choose a smaller type, or have an operator change denied_instance_types.
deny contains lib.finding("instance_type_not_allowed", msg, c.address) if {
	some [c, size] in sizes
	some pattern in lib.settings.denied_instance_types
	glob.match(pattern, [], size)
	msg := sprintf("%s would be %s", [c.address, size])
}

# METADATA
# title: Old generation of instances
# description: Newer generations do more for less.
# custom:
#   code: instance_generation_old
#   severity: low
#   remediation: Choose the family's newest generation.
warn contains lib.finding("instance_generation_old", msg, c.address) if {
	some [c, size] in sizes
	regex.match(`^(db\.|cache\.)?(t1|t2|m1|m2|m3|m4|c1|c3|c4|r3|r4|i2|d2)\.`, size)
	msg := sprintf("%s would be %s", [c.address, size])
}

# METADATA
# title: Fleet too large
# description: A group of instances grows to a bounded size.
# custom:
#   code: fleet_too_large
#   severity: high
#   remediation: Ask for a smaller maximum, or have an operator raise max_fleet_size.
deny contains lib.finding("fleet_too_large", msg, c.address) if {
	some c in lib.by_type.aws_autoscaling_group
	size := lib.number(c.after.max_size)
	size > lib.settings.max_fleet_size
	not c.before.max_size == c.after.max_size
	msg := sprintf("%s could grow to %d instances; the most is %d", [c.address, size, lib.settings.max_fleet_size])
}

deny contains lib.finding("fleet_too_large", msg, c.address) if {
	some c in lib.by_type.aws_eks_node_group
	some scaling in lib.attr(c.after, "scaling_config")
	size := lib.number(scaling.max_size)
	size > lib.settings.max_fleet_size
	msg := sprintf("%s could grow to %d instances; the most is %d", [c.address, size, lib.settings.max_fleet_size])
}

# METADATA
# title: Costly storage class
# description: gp3 volumes do what gp2 and most of io1 and io2 do, for less.
# custom:
#   code: storage_class_costly
#   severity: low
#   remediation: Use gp3, with provisioned throughput if needed.
warn contains lib.finding("storage_class_costly", msg, c.address) if {
	some type, name in object.filter({"aws_db_instance": "storage_type", "aws_ebs_volume": "type"}, lib.types)
	some c in lib.by_type[type]
	c.after[name] in {"gp2", "io1", "io2", "standard"}
	not c.before[name] == c.after[name]
	msg := sprintf("%s is on %s", [c.address, c.after[name]])
}

cost := input.change_set.cost_delta_usd_month

left := (input.budget.limit_usd_month - input.budget.reserved_usd_month) - input.budget.spent_usd_month

# sizes are the instance types that are new.
sizes := [[c, size] |
	some type, name in object.filter(
		{
			"aws_db_instance": "instance_class",
			"aws_eks_node_group": "instance_types",
			"aws_elasticache_replication_group": "node_type",
			"aws_instance": "instance_type",
			"aws_launch_configuration": "instance_type",
			"aws_launch_template": "instance_type",
			"aws_rds_cluster_instance": "instance_class",
			"aws_redshift_cluster": "node_type",
		},
		lib.types,
	)
	some c in lib.by_type[type]
	some size in lib.attr(c.after, name)
	not size in lib.attr(c.before, name)
]
