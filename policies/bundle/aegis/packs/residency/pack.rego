# METADATA
# title: Region and data residency
# description: Data stays where it may be.
# schemas:
#   - input: schema.gate.input
package aegis.packs.residency

import data.aegis.lib

# METADATA
# title: Region not configured
# description: Resources live in the configured regions only; global services have none.
# custom:
#   code: region_not_allowed
#   severity: high
#   remediation: Choose a configured region, or have an operator add this one.
deny contains lib.finding("region_not_allowed", msg, c.address) if {
	some region in (regions - allowed)
	some side in [lib.changes, lib.undo]
	some c in side
	c.region == region
	msg := sprintf("%s is in %s, which is not one of %s", [c.address, c.region, region_words])
}

deny contains lib.finding("region_not_allowed", msg, "") if {
	some region in input.change_set.target.regions
	not region in allowed
	msg := sprintf("the target names %s, which is not one of %s", [region, region_words])
}

# METADATA
# title: Replica in a region that is not configured
# description: Copies of tables, secrets, keys, images and backups live in the configured regions, like what they copy.
# custom:
#   code: replica_region_not_allowed
#   severity: critical
#   remediation: Replicate to a configured region, or have an operator add this one.
deny contains lib.finding("replica_region_not_allowed", msg, c.address) if {
	some type in (lib.types & replicating)
	some c in lib.by_type[type]
	some region in (replicas(type, c.after) - replicas(type, c.before))
	not region in allowed
	msg := sprintf("%s would be copied to %s, which is not one of %s", [c.address, region, region_words])
}

# METADATA
# title: Data outside its home
# description: Where data_regions names regions for an environment, what holds its data lives and is copied there only.
# custom:
#   code: data_outside_home
#   severity: critical
#   remediation: Keep it in the regions of its environment.
deny contains lib.finding("data_outside_home", msg, c.address) if {
	some id, stack in input.stacks
	home := lib.settings.data_regions[stack.environment]
	some type in (lib.types & lib.stateful_types)
	some c in lib.by_type[type]
	c.stack_id == id
	some region in ({c.region} | replicas(type, c.after))
	not region in global_regions
	not region in home
	msg := sprintf("%s would hold data of %s in %s", [c.address, stack.environment, region])
}

# METADATA
# title: Region of another stack
# description: A stack's resources are in its region, but for global services.
# custom:
#   code: region_of_another_stack
#   severity: low
#   remediation: See that this is meant.
warn contains lib.finding("region_of_another_stack", msg, c.address) if {
	some id, stack in input.stacks
	stack.kind == "pulumi_stack"
	count(regions - (global_regions | {stack.region})) > 0
	some c in lib.by_action.create
	c.stack_id == id
	c.region != stack.region
	not c.region in global_regions
	msg := sprintf("%s is in %s, its stack in %s", [c.address, c.region, stack.region])
}

regions := {r | r := input.diff[_].region} | {r | r := input.inverse[_].region}

global_regions := {"", "global", "aws-global"}

allowed := global_regions | {r | some r in input.regions}

region_words := concat(", ", [r | some r in input.regions])

replicating := {
	"aws_backup_plan", "aws_dynamodb_table", "aws_dynamodb_global_table",
	"aws_ecr_replication_configuration", "aws_secretsmanager_secret", "aws_ssmincidents_replication_set",
}

# replicas are the regions to which a resource is copied.
default replicas(_, _) := set()

replicas(type, attrs) := {r.region_name | some r in lib.blocks(attrs, "replica")} if {
	type in {"aws_dynamodb_table", "aws_dynamodb_global_table"}
}

replicas("aws_secretsmanager_secret", attrs) := {r.region | some r in lib.blocks(attrs, "replica")}

replicas("aws_ssmincidents_replication_set", attrs) := {r.name | some r in lib.blocks(attrs, "region")}

replicas("aws_ecr_replication_configuration", attrs) := {d.region |
	some configuration in lib.attr(attrs, "replication_configuration")
	some rule in lib.blocks(configuration, "rule")
	some d in lib.blocks(rule, "destination")
}

replicas("aws_backup_plan", attrs) := {region |
	some rule in lib.blocks(attrs, "rule")
	some copy in lib.blocks(rule, "copy_action")
	region := split(copy.destination_vault_arn, ":")[3]
}
