package aegis.packs.blast_radius

import data.aegis.lib

# METADATA
# title: Too many of a region's instances replaced
# description: |
#   Of the instances that a region has, only a share may be replaced or
#   deleted at once. A region has those that its specs ask for (node_desired)
#   and those in the difference; of a Terraform workspace, whose instances
#   nobody counts, all resources count as instances. Those of a stack that may
#   go, and goes, are not counted.
# custom:
#   code: region_instances_replaced
#   severity: high
#   remediation: Replace fewer instances at a time.
deny contains lib.finding("region_instances_replaced", msg, "") if {
	not input.source in {"rollback", "bootstrap"}
	some region, lost in lost_instances
	lost > 1
	all := instances(region, lost)
	lost > all * lib.settings.max_instances_replaced_share
	msg := sprintf("%d of the %d instances of %s would be replaced at once; the most is %d %%", [
		lost, all, region, round(lib.settings.max_instances_replaced_share * 100),
	])
}

# METADATA
# title: Capacity cut
# description: A group of instances loses more than a share of its capacity at once.
# custom:
#   code: capacity_cut
#   severity: medium
#   remediation: Lower the capacity in steps, and watch the load.
warn contains lib.finding("capacity_cut", msg, c.address) if {
	some type in (lib.types & {"aws_autoscaling_group", "aws_eks_node_group", "aws_ecs_service"})
	some c in lib.by_type[type]
	c.action == "update"
	before := capacity(type, c.before)
	after := capacity(type, c.after)
	before - after > before * lib.settings.max_capacity_cut_share
	msg := sprintf("%s goes from %d to %d at once", [c.address, before, after])
}

instance_types := {"aws_instance", "aws_autoscaling_group", "aws_eks_node_group"}

# lost_instances are those that go, by region: with their group, or by a group's
# own refresh.
lost_instances[region] := sum([n | some [r, n] in losses; r == region]) if {
	some [region, _] in losses
}

losses := array.concat(
	[[c.region, capacity(type, c.before)] |
		some type in (lib.removed_types & instance_types)
		some c in lib.removed_by_type[type]
		not lib.goes_with_stack(c)
	],
	[[c.region, at_once] |
		some c in lib.by_type.aws_autoscaling_group
		c.action == "update"
		some refresh in lib.attr(c.after, "instance_refresh")
		object.get(c.before, "launch_template", null) != object.get(c.after, "launch_template", null)
		at_once := refreshed(refresh, capacity("aws_autoscaling_group", c.before))
	],
)

refreshed(refresh, n) := ceil((n * (100 - healthy)) / 100) if {
	preferences := object.union_n(lib.attr(refresh, "preferences"))
	healthy := lib.number(object.get(preferences, "min_healthy_percentage", 90))
}

# instances is the number of a region's instances.
instances(region, lost) := max([lost, in_diff(region), by_spec(region), by_workspace(region)])

in_diff(region) := sum([capacity(c.type, c.before) |
	some c in lib.changes
	c.type in instance_types
	c.region == region
	c.action != "create"
])

by_spec(region) := sum([n |
	some spec in input.specs
	spec.region == region
	n := lib.number(spec.parameters.node_desired)
])

by_workspace(region) := sum([stack.resource_count |
	some stack in input.stacks
	stack.kind == "terraform_workspace"
	stack.region in {region, ""}
])

default capacity(_, _) := 1

capacity("aws_autoscaling_group", attrs) := lib.number(attrs.desired_capacity)

capacity("aws_ecs_service", attrs) := lib.number(attrs.desired_count)

capacity("aws_eks_node_group", attrs) := sum([lib.number(s.desired_size) | some s in lib.attr(attrs, "scaling_config")])
