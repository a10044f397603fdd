package aegis.packs.stateful

import data.aegis.lib

# METADATA
# title: Deletion protection removed
# description: |
#   What is protected from deletion stays protected, but for an operator whose
#   stack may go.
# custom:
#   code: deletion_protection_removed
#   severity: high
#   remediation: Keep deletion protection on, or set deletable in the stack's parameters, too.
#   controls: ["FSBP:DocumentDB.5", "FSBP:DynamoDB.6", "FSBP:ELB.6", "FSBP:Neptune.4", "FSBP:RDS.7", "FSBP:RDS.8"]
deny contains lib.finding("deletion_protection_removed", msg, c.address) if {
	input.source != "rollback"
	some type, name in object.filter(protection, lib.types)
	some c in lib.by_type[type]
	protected(c.before, name)
	not protected(c.after, name)
	not lib.pending(c, name)
	not lib.may_go(c.stack_id)
	msg := sprintf("%s loses %s", [c.address, name])
}

# METADATA
# title: Created without deletion protection
# description: A database is created protected from deletion.
# custom:
#   code: deletion_protection_missing
#   severity: medium
#   remediation: Turn deletion protection on.
#   controls: ["FSBP:DocumentDB.5", "FSBP:DynamoDB.6", "FSBP:Neptune.4", "FSBP:RDS.7", "FSBP:RDS.8"]
warn contains lib.finding("deletion_protection_missing", msg, c.address) if {
	some type, name in object.filter(protection, lib.types)
	type in lib.stateful_types
	some c in lib.by_type[type]
	c.action == "create"
	not protected(c.after, name)
	not lib.pending(c, name)
	msg := sprintf("%s is created without %s", [c.address, name])
}

# METADATA
# title: Final snapshot skipped
# description: A database that makes a final snapshot before it goes keeps doing so.
# custom:
#   code: final_snapshot_skipped
#   severity: high
#   remediation: Keep skip_final_snapshot false.
deny contains lib.finding("final_snapshot_skipped", msg, c.address) if {
	some type in (lib.types & {"aws_db_instance", "aws_docdb_cluster", "aws_neptune_cluster", "aws_rds_cluster", "aws_redshift_cluster"})
	some c in lib.by_type[type]
	c.after.skip_final_snapshot == true
	c.before.skip_final_snapshot == false
	msg := sprintf("%s would go without a final snapshot", [c.address])
}

# METADATA
# title: Deleted with its content
# description: What can be deleted with all that it holds, without being empty, is one mistake from being lost.
# custom:
#   code: force_destroy
#   severity: high
#   remediation: Leave force_destroy and force_delete off.
deny contains lib.finding("force_destroy", msg, c.address) if {
	some type, name in object.filter(
		{
			"aws_backup_vault": "force_destroy",
			"aws_ecr_repository": "force_delete",
			"aws_iam_user": "force_destroy",
			"aws_route53_zone": "force_destroy",
			"aws_s3_bucket": "force_destroy",
		},
		lib.types,
	)
	some c in lib.by_type[type]
	lib.changed_to(c, name, true)
	msg := sprintf("%s could be deleted with what it holds", [c.address])
}

# METADATA
# title: Secret lost at once
# description: A deleted secret can be restored for some days.
# custom:
#   code: secret_recovery_disabled
#   severity: high
#   remediation: Leave a recovery window of 7 days or more.
deny contains lib.finding("secret_recovery_disabled", msg, c.address) if {
	some c in lib.by_type.aws_secretsmanager_secret
	lib.changed_to(c, "recovery_window_in_days", 0)
	msg := sprintf("%s would be gone at once when deleted", [c.address])
}

# METADATA
# title: Object lock weakened
# description: Evidence that is locked stays locked, for as long as it was to be.
# custom:
#   code: object_lock_weakened
#   severity: critical
#   remediation: Keep the lock's mode and its retention.
deny contains lib.finding("object_lock_weakened", msg, c.address) if {
	some c in lib.removed_by_type.aws_s3_bucket_object_lock_configuration
	c.action == "delete"
	not lib.goes_with_bucket(c)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

deny contains lib.finding("object_lock_weakened", msg, c.address) if {
	some c in lib.by_type.aws_s3_bucket_object_lock_configuration
	some before in retentions(c.before)
	weaker(before, retentions(c.after))
	msg := sprintf("%s would lock for less than %d days in mode %s", [c.address, before.days, before.mode])
}

# METADATA
# title: Detached from its global database
# description: A secondary that leaves its global database no longer follows the writer.
# custom:
#   code: global_member_detached
#   severity: critical
#   remediation: Fail over with the global database, and keep its members.
deny contains lib.finding("global_member_detached", msg, c.address) if {
	not input.source in {"rollback", "containment"}
	some type in (lib.types & {"aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_elasticache_replication_group"})
	some c in lib.by_type[type]
	some name in ["global_cluster_identifier", "global_replication_group_id"]
	lib.filled(c.before, name)
	lib.unset(c, name)
	msg := sprintf("%s would leave %s", [c.address, c.before[name]])
}

# METADATA
# title: Older engine
# description: No engine of what holds data goes back to an older major version; it would not read its own files.
# custom:
#   code: engine_downgraded
#   severity: high
#   remediation: Restore a snapshot of the older version beside it.
deny contains lib.finding("engine_downgraded", msg, c.address) if {
	some [c, before, after] in engines
	before > after
	msg := sprintf("%s goes from version %s to %s", [c.address, c.before.engine_version, c.after.engine_version])
}

# METADATA
# title: Newer major version of an engine
# description: A new major version of what holds data can't be undone.
# custom:
#   code: engine_major_upgrade
#   severity: medium
#   remediation: Try it on a restored snapshot first.
warn contains lib.finding("engine_major_upgrade", msg, c.address) if {
	some [c, before, after] in engines
	before < after
	msg := sprintf("%s goes from version %s to %s", [c.address, c.before.engine_version, c.after.engine_version])
}

# METADATA
# title: Less room for what is held
# description: A store gets fewer shards, nodes or bytes than it has.
# custom:
#   code: store_shrinks
#   severity: medium
#   remediation: See first that what it holds fits.
warn contains lib.finding("store_shrinks", msg, c.address) if {
	some type, name in object.filter(
		{
			"aws_db_instance": "allocated_storage",
			"aws_ebs_volume": "size",
			"aws_elasticache_replication_group": "num_cache_clusters",
			"aws_kinesis_stream": "shard_count",
			"aws_redshift_cluster": "number_of_nodes",
		},
		lib.types,
	)
	some c in lib.by_type[type]
	lib.number(c.after[name]) < lib.number(c.before[name])
	msg := sprintf("%s: %s goes from %v to %v", [c.address, name, c.before[name], c.after[name]])
}

# METADATA
# title: Data expires sooner
# description: A shorter expiry deletes, within a day, what is older.
# custom:
#   code: expiry_shortened
#   severity: high
#   remediation: See first that nobody needs what would go.
warn contains lib.finding("expiry_shortened", msg, c.address) if {
	some type in (lib.types & {"aws_s3_bucket", "aws_s3_bucket_lifecycle_configuration"})
	some c in lib.by_type[type]
	c.action == "update"
	after := min(expiries(c.after))
	not sooner_before(c, after)
	msg := sprintf("%s would delete objects after %d days", [c.address, after])
}

# What protects from deletion, by type of resource.
protection := {
	"aws_cognito_user_pool": "deletion_protection",
	"aws_db_instance": "deletion_protection",
	"aws_docdb_cluster": "deletion_protection",
	"aws_dynamodb_table": "deletion_protection_enabled",
	"aws_lb": "enable_deletion_protection",
	"aws_neptune_cluster": "deletion_protection",
	"aws_networkfirewall_firewall": "delete_protection",
	"aws_rds_cluster": "deletion_protection",
	"aws_rds_global_cluster": "deletion_protection",
}

protected(attrs, name) if attrs[name] in {true, "true", "ACTIVE"}

retentions(attrs) := [{"mode": r.mode, "days": days(r)} |
	some rule in lib.blocks(attrs, "rule")
	some r in lib.attr(rule, "default_retention")
]

days(retention) := lib.number(retention.days)

days(retention) := lib.number(retention.years) * 365 if not retention.days

weaker(_, after) if count(after) == 0

weaker(before, after) if {
	some r in after
	r.days < before.days
}

weaker(before, after) if {
	before.mode == "COMPLIANCE"
	some r in after
	r.mode != "COMPLIANCE"
}

# engines are the changes of an engine's version, with its major numbers.
engines := [[c, before, after] |
	some type in (lib.types & {"aws_db_instance", "aws_docdb_cluster", "aws_elasticache_replication_group", "aws_neptune_cluster", "aws_rds_cluster"})
	some c in lib.by_type[type]
	before := major(c.before.engine_version)
	after := major(c.after.engine_version)
]

major(version) := to_number(digits) if {
	digits := split(version, ".")[0]
	regex.match(`^[0-9]+$`, digits)
}

sooner_before(c, days) if days >= min(expiries(c.before))

expiries(attrs) := {n |
	some name in ["lifecycle_rule", "rule"]
	some rule in lib.blocks(attrs, name)
	some e in lib.blocks(rule, "expiration")
	n := lib.number(e.days)
	n > 0
}
